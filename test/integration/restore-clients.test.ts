import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { type FreezeOptions, freeze } from '../../agent/falkordb/freeze.ts';
import { MomentaryMaster } from '../../agent/falkordb/master/momentary-master.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { TARGET } from '../support/backups.ts';
import { eventually } from '../support/eventually.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import {
  expectFree,
  fillOld,
  makeProvedBackup,
  type ProvedBackup,
  restoreProved,
  settingsOf,
} from '../support/restore-environment.ts';
import { restoreInto } from '../support/restores.ts';
import { watched } from '../support/watched-store.ts';

let backup: ProvedBackup;
beforeAll(async () => {
  backup = await makeProvedBackup();
});
afterAll(() => backup[Symbol.asyncDispose]());

let live: LiveServer;
beforeEach(async () => {
  live = await startLiveServer();
  await fillOld(live);
  return () => live[Symbol.asyncDispose]();
});

/** Restores, and calls `act` while FalkorDB stands still. */
async function restoreAround(act: () => Promise<void>): Promise<void> {
  let acted: Promise<void> | undefined;
  const store = watched(backup.store, async (_, key) => {
    if (!key.startsWith(`pre-restore/${TARGET}/`)) return;
    acted ??= act();
    await acted;
  });
  await restoreInto(live, store, backup.state, { reference: backup.backupId });
  expect(acted).toBeDefined();
  expect(await fingerprint(live.client)).toEqual(backup.contents);
  await expectFree(live, backup.state);
}

/** What FalkorDB answers, and what a driver makes of a connection that is closed after UNBLOCKED. */
const REFUSED = /LOADING|UNBLOCKED|Connection is closed|max retries/;

/** A client of its own, that connects again, and fails rather than waits for good. */
function connect(): Redis {
  const client = live.client.duplicate({ commandTimeout: 20_000, retryStrategy: () => 20 });
  client.on('error', () => {});
  return client;
}

describe('what clients see of a restore', () => {
  test('readers in a loop get old data, or an error, or new data, each as a whole, and are never left waiting', async () => {
    let isOver = false;
    const read = async () => {
      const client = connect();
      const seen: string[] = [];
      while (!isOver) {
        const reply = client.call('GRAPH.RO_QUERY', 'g', 'MATCH (n) RETURN labels(n)[0], count(n)');
        const answer = await reply.then((rows) => JSON.stringify((rows as unknown[][])[1]?.toSorted()), String);
        if (answer !== seen.at(-1)) seen.push(answer);
      }
      client.disconnect();
      return seen;
    };
    const readers = [read(), read(), read(), read()];
    const [old, fresh] = ['[["Old",200]]', '[["City",500],["New",500]]'];
    await live.client.config('SET', 'loading-process-events-interval-bytes', '1024');
    await live.client.config('SET', 'key-load-delay', '300000');
    try {
      await restoreAround(async () => {});
      await setTimeout(200);
    } finally {
      isOver = true;
    }
    for (const seen of await Promise.all(readers)) {
      expect(seen.at(0)).toBe(old);
      expect(seen.at(-1)).toBe(fresh);
      const answers = seen.filter((answer) => !REFUSED.test(answer));
      // Whoever was refused may have read old data again.
      expect(answers.filter((answer, index) => answer !== answers[index - 1])).toEqual([old, fresh]);
    }
  });

  test('one in a MULTI is refused while FalkorDB stands still, and works on the new data afterwards', async () => {
    const [during, after] = [connect(), connect()];
    for (const client of [during, after]) {
      await client.call('MULTI');
      await client.call('APPEND', 'side', '+');
      await client.call('GRAPH.QUERY', 'g', 'CREATE (:Added)');
    }
    await restoreAround(async () => {
      await expect(during.call('EXEC')).rejects.toThrow(/READONLY|EXECABORT/);
    });
    const [length] = (await after.call('EXEC')) as number[];
    expect(length).toBe('new+'.length);
    expect(await live.nodeCounts()).toEqual({ g: 1001 });
    for (const client of [during, after]) client.disconnect();
  });

  test('one that waits for data is told so, one that subscribes stays, a writer is refused', async () => {
    const [waiting, subscriber, writer] = [connect(), connect(), connect()];
    const heard: string[] = [];
    subscriber.on('message', (_, message) => heard.push(message));
    await subscriber.subscribe('news');
    const popped = waiting.blpop('nothing', 0).catch((error: unknown) => String(error));
    await eventually(async () => expect(await live.info('blocked_clients')).toBe('1'));
    await restoreAround(async () => {
      await expect(writer.set('side', 'lost')).rejects.toThrow('READONLY');
      await expect(writer.call('GRAPH.QUERY', 'g', 'CREATE (:Lost)')).rejects.toThrow('READONLY');
      expect(await writer.get('side')).toBe('old');
      await live.client.publish('news', 'during');
    });
    expect(await popped).toContain('UNBLOCKED');
    await live.client.publish('news', 'after');
    await eventually(() => expect(heard).toEqual(['during', 'after']));
    expect(await writer.set('side', 'written')).toBe('OK');
    for (const client of [waiting, subscriber, writer]) client.disconnect();
  });
});

/** Some seconds of work that little memory is needed for; it writes at its end. */
const longWrite = (rounds: number) =>
  `UNWIND range(1, ${rounds}) AS i UNWIND range(1, 1000) AS j WITH sum(i * j) AS s CREATE (:Long {s: s})`;

async function startLongWrite(rounds: number): Promise<{ client: Redis; written: Promise<unknown> }> {
  const client = connect();
  const written = client.call('GRAPH.QUERY', 'g', longWrite(rounds)).catch((error: unknown) => error);
  await eventually(async () => expect(JSON.stringify(await live.client.call('GRAPH.INFO'))).toContain('CREATE (:Long'));
  return { client, written };
}

describe('a write that is under way when a restore begins', () => {
  test('is waited for, acknowledged, and in the safety backup', async () => {
    const { client, written } = await startLongWrite(25_000);
    const { safetyBackupId, steps } = await restoreProved(live, backup);
    expect(JSON.stringify(await written)).toContain('Nodes created: 1');
    const parts = parseBackupId(safetyBackupId ?? '');
    const manifest = parts && (await findManifest(backup.store, parts));
    expect(manifest?.graphs).toMatchObject([{ nodes: 201, labels: ['Long', 'Old'] }, {}]);
    expect(steps.find(({ name }) => name === 'freeze')?.seconds).toBeGreaterThan(0.5);
    client.disconnect();
  });

  const noLimits: Pick<FreezeOptions, 'beforeReplication'> = { beforeReplication: async () => {} };

  test('that does not end is why it is given up, with nothing changed', async () => {
    const before = await settingsOf(live.client);
    const replicationId = await live.info('master_replid');
    const { client, written } = await startLongWrite(35_000);
    await using frozen = await tryFreeze({ ...noLimits, limits: { drainMs: 1_000 } });
    expect(await frozen.failure).toMatchObject({
      code: 'database-busy',
      retryable: true,
      message: expect.stringMatching(/has been running for \d+ s .*nothing was changed/),
    });
    expect(await live.client.set('at once', 'yes')).toBe('OK');
    expect(await settingsOf(live.client)).toEqual(before);
    expect([await live.info('role'), await live.info('master_replid')]).toEqual(['master', replicationId]);
    expect(JSON.stringify(await written)).toContain('Nodes created: 1');
    client.disconnect();
  });

  test('that begins meanwhile is refused, however slow the store is', async () => {
    let refusal: unknown;
    const beforeReplication = async () => {
      refusal = await live.graph('g', 'CREATE (:Late)').catch((error: unknown) => error);
    };
    await using frozen = await tryFreeze({ beforeReplication });
    expect(await frozen.failure).toBeUndefined();
    expect(String(refusal)).toContain('NOREPLICAS');
    expect(await live.nodeCounts()).toEqual({ g: 200, gone: 1 });
  });
});

test('of two addresses the second is taken where FalkorDB does not reach the first', async () => {
  const begun = performance.now();
  await using frozen = await tryFreeze({ beforeReplication: async () => {}, limits: { connectMs: 1_500 } }, [
    { host: '127.0.0.1', port: 1 },
  ]);
  expect(await frozen.failure).toBeUndefined();
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(await live.info('master_link_status')).toBe('up');
  expect(await live.nodeCounts()).toEqual({ g: 200, gone: 1 });
  await expect(live.client.set('side', 'lost')).rejects.toThrow('READONLY');
});

interface Frozen extends AsyncDisposable {
  /** Undefined where it stands still. */
  failure: unknown;
}

async function tryFreeze(
  options: Pick<FreezeOptions, 'beforeReplication' | 'limits'>,
  before: FreezeOptions['addresses'] = [],
): Promise<Frozen> {
  const credentials = { user: undefined, password: 'a password' };
  const master = await MomentaryMaster.listen({ host: '127.0.0.1', port: 0, credentials, tls: undefined });
  using db = await Database.connect(live.address);
  const addresses = [...before, { host: '127.0.0.1', port: master.port }];
  const settings = await settingsOf(live.client);
  await live.client.config('SET', 'masterauth', credentials.password);
  const { signal } = new AbortController();
  const failure = await freeze(db, { master, addresses, signal, ...options }).catch((error: unknown) => error);
  if (failure !== undefined) await live.client.config('SET', 'masterauth', settings.get('masterauth') ?? '');
  return { failure, [Symbol.asyncDispose]: () => master.close() };
}
