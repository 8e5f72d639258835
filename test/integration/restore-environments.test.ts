import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Address } from '../../agent/falkordb/address.ts';
import { restoreRules } from '../../agent/falkordb/restore-checks/rights.ts';
import type { ScratchOptions } from '../../agent/falkordb/scratch.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { TARGET } from '../support/backups.ts';
import { makeCertificate } from '../support/certificate.ts';
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
import { planOf, type RestoreCall, restoreDeps, restoreInto } from '../support/restores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tlsBefore } from '../support/tls-proxies.ts';
import { watched } from '../support/watched-store.ts';

let backup: ProvedBackup;
beforeAll(async () => {
  backup = await makeProvedBackup();
});
afterAll(() => backup[Symbol.asyncDispose]());

async function startOld(options?: ScratchOptions): Promise<LiveServer> {
  const live = await startLiveServer(options);
  await fillOld(live);
  return live;
}

const ON_AND_OFF: [string, Record<string, string>, boolean][] = [
  ['AOF', { appendonly: 'yes', appendfsync: 'always' }, true],
  ['save points', { save: '3600 1 1 1000000' }, false],
  ['nothing that saves by itself', { save: '' }, false],
];

describe('a restart by kill -9, with', () => {
  test.each(ON_AND_OFF)('%s: what was restored is there', async (_, config, isDurable) => {
    await using parent = await temporaryFolder();
    const folder = join(parent.path, 'data');
    {
      await using live = await startOld({ folder, config });
      await restoreProved(live, backup);
      await live.graph('g', 'CREATE (:Since)');
      await live.client.set('since', 'yes');
      process.kill(live.server.pid, 'SIGKILL');
      await live.server.ended;
    }
    await using again = await startLiveServer({ folder, config });
    expect(await again.client.get('since')).toBe(isDurable ? 'yes' : null);
    expect(await again.nodeCounts()).toEqual({ g: isDurable ? 1001 : 1000 });
    await again.graph('g', 'MATCH (n:Since) DELETE n');
    await again.client.del('since');
    expect(await fingerprint(again.client)).toMatchObject({
      graphs: backup.contents.graphs,
      keys: backup.contents.keys,
    });
    expect(await again.info('role')).toBe('master');
  });
});

/** What differs from a plain server on this host. */
interface Environment {
  server?: ScratchOptions;
  prepare?: (live: LiveServer) => Promise<unknown>;
  address?: (live: LiveServer) => Partial<Address>;
  config?: RestoreCall['config'];
}

const BACKUP_RULES =
  '+ping +info +time +bgsave +config|get +graph.list +graph.ro_query +graph.config|get +module|list +acl|list +psync +replconf';
const LOGIN = { username: 'restorer', password: 'a password' };

const ENVIRONMENTS: [string, Environment][] = [
  ['a password', { server: { password: 'p "quoted" é/@:' } }],
  [
    'a user with the least rights',
    {
      prepare: async ({ client }) => {
        const rules = restoreRules({ aof: { enabled: false }, falkordbVersion: '4.16.3' });
        const user = ['on', `>${LOGIN.password}`, 'resetchannels', '-@all', ...BACKUP_RULES.split(' '), ...rules];
        await client.call('ACL', 'SETUSER', LOGIN.username, ...user);
      },
      address: () => LOGIN,
    },
  ],
  ['a masterauth of its own', { server: { config: { masterauth: 'its own' } } }],
  ['a masterauth and a masteruser of its own', { server: { config: { masterauth: 'own', masteruser: 'replicator' } } }],
  ['a masteruser, and no masterauth', { server: { config: { masteruser: 'replicator' } } }],
  ['repl-rdb-channel yes', { prepare: ({ client }) => client.config('SET', 'repl-rdb-channel', 'yes') }],
  ['repl-diskless-sync no', { server: { config: { 'repl-diskless-sync': 'no' } }, config: { source: 'replication' } }],
  ['no folder that the agent can read', { config: { source: 'replication' } }],
  ['the address given', { config: { advertise: { host: 'localhost', port: undefined } } }],
];

describe('a restore works the same with', () => {
  test.each(ENVIRONMENTS)('%s', async (_, { server, prepare, address, config }) => {
    await using live = await startOld(server);
    await prepare?.(live);
    await restoreProved(live, backup, {
      address: { ...live.address, ...address?.(live) },
      ...(config ? { config } : {}),
    });
  });

  test('address and port given', async () => {
    await using live = await startOld();
    const advertise = { host: '127.0.0.1', port: await freePort() };
    await restoreProved(live, backup, { config: { advertise } });
  });

  test.each(['auto', 'replication'] as const)('TLS (%s)', async (source) => {
    const certificate = makeCertificate();
    await using live = await startOld({ password: 'secret' });
    await using proxy = await tlsBefore(live.server.port, certificate);
    const address = { ...live.address, port: proxy.port, tls: true, ca: certificate.cert };
    await restoreProved(live, backup, { address, config: { source } });
    // By name, where there is one: several servers may stand behind one address.
    await planOf(
      { reference: backup.backupId },
      restoreDeps({ address: { ...address, host: 'localhost' } }, backup.store, backup.state),
    );
    expect(proxy.namesAskedFor()).toEqual(new Set([undefined, 'localhost']));
    const stranger = { ...address, ca: makeCertificate().cert };
    await expect(restoreInto({ address: stranger }, backup.store, backup.state)).rejects.toMatchObject({
      code: 'database-unreachable',
      message: expect.stringContaining(`rediss://127.0.0.1:${proxy.port}`),
    });
  });

  test.each(['bgsave', 'replication'] as const)('a save under way when it begins (%s)', async (source) => {
    await using live = await startOld();
    await live.fill(100);
    await live.setSaveDelay(20_000);
    await live.client.bgsave();
    await live.setSaveDelay(0);
    const { safetyBackupId } = await restoreProved(live, backup, { config: { source } });
    expect(await safetyBackup(safetyBackupId)).toMatchObject(WHOLE_SAFETY_BACKUP);
  });

  test.each(['bgsave', 'replication'] as const)('save points that fire meanwhile (%s)', async (source) => {
    await using live = await startOld();
    await live.fill(50);
    await live.setSaveDelay(20_000);
    // The first look for a safety backup of this name: FalkorDB stands still, and is about to be counted.
    const isAbout = (key: string) => key.startsWith(`pre-restore/${TARGET}/`);
    let isFirst = true;
    const store = watched(backup.store, async (_, key) => {
      if (!isFirst || !isAbout(key)) return;
      isFirst = false;
      await live.client.config('SET', 'save', '1 1');
      await eventually(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('1'));
      await live.setSaveDelay(0);
    });
    const { safetyBackupId } = await restoreInto(live, store, backup.state, {
      reference: backup.backupId,
      config: { source },
    });
    expect(isFirst).toBe(false);
    expect(await safetyBackup(safetyBackupId)).toMatchObject(WHOLE_SAFETY_BACKUP);
    expect(await fingerprint(live.client)).toEqual(backup.contents);
    await expectFree(live, backup.state);
  });
});

/** Of `fillOld`. */
const WHOLE_SAFETY_BACKUP = {
  graphs: [
    { name: 'g', nodes: 200 },
    { name: 'gone', nodes: 1 },
  ],
  countsExact: true,
};

async function safetyBackup(id: string | null): Promise<Manifest | undefined> {
  const parts = parseBackupId(id ?? '');
  return parts && (await findManifest(backup.store, parts));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('an empty new server', () => {
  test.each(['the same name', 'another name'])('gets the backup under %s', async (name) => {
    await using fresh = await startLiveServer();
    await using folder = await temporaryFolder();
    const target = name === 'another name' ? 'reborn' : TARGET;
    const { request } = { request: { fromTarget: target === TARGET ? undefined : TARGET } };
    const result = await restoreInto(fresh, backup.store, folder.path, {
      reference: 'latest',
      request,
      config: { target },
    });
    expect(result).toMatchObject({ target, restored: backup.backupId });
    expect(await safetyBackup(result.safetyBackupId)).toMatchObject({ target, graphs: [], keys: 0, countsExact: true });
    expect(await fingerprint(fresh.client)).toEqual(backup.contents);
    await expectFree(fresh, folder.path);
  });
});

describe('an address at which FalkorDB does not reach the agent', () => {
  test('fails within its bound, with nothing changed', async () => {
    await using live = await startOld();
    const before = await fingerprint(live.client);
    const settings = await settingsOf(live.client);
    const started = performance.now();
    // Nobody has this address (RFC 5737).
    const advertise = { host: '192.0.2.1', port: await freePort() };
    await expect(restoreProved(live, backup, { config: { advertise } })).rejects.toMatchObject({
      code: 'database-unreachable',
      message: expect.stringMatching(`could not connect to this agent at 192.0.2.1:${advertise.port}; nothing was`),
      hint: expect.stringContaining('--advertise'),
    });
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(await fingerprint(live.client)).toEqual(before);
    expect(await settingsOf(live.client)).toEqual(settings);
    await expectFree(live, backup.state);
  });
});

test('aof-use-rdb-preamble no is refused: FalkorDB cannot rewrite such an AOF', async () => {
  await using live = await startOld({ config: { appendonly: 'yes', 'aof-use-rdb-preamble': 'no' } });
  const replicationId = await live.info('master_replid');
  await expect(restoreProved(live, backup)).rejects.toMatchObject({
    code: 'database-unsuitable',
    message: expect.stringContaining('aof-use-rdb-preamble no'),
    hint: 'Run: CONFIG SET aof-use-rdb-preamble yes',
  });
  expect(await live.info('master_replid')).toBe(replicationId);
  // The day it can, this is to be allowed.
  await live.client.bgrewriteaof();
  await eventually(async () => expect(await live.info('aof_last_bgrewrite_status')).toBe('err'));
  await live.client.config('SET', 'aof-use-rdb-preamble', 'yes');
  await restoreProved(live, backup);
});
