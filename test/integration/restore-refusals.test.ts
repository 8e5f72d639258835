import { appendFileSync, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { type Engine, resolveEngine } from '../../agent/falkordb/engine.ts';
import { readMemoryLimit } from '../../agent/falkordb/restore-checks/memory-limit.ts';
import { restoreRules } from '../../agent/falkordb/restore-checks/rights.ts';
import { newestRdbVersion } from '../../agent/falkordb/restore-checks/versions.ts';
import {
  type Findings,
  findRefusals,
  type RestoreCheckOptions,
  type RestoreSubject,
} from '../../agent/falkordb/restore-checks.ts';
import { type ScratchServer, startScratch } from '../../agent/falkordb/scratch.ts';
import type { ServerInfo } from '../../agent/falkordb/server-info.ts';
import { acceptWrites, readWriteLimits, refuseWrites } from '../../agent/falkordb/write-limits.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1024 * 1024;
const WORKER = new URL('../support/restore-room-worker.ts', import.meta.url).pathname;
const OPTIONS: RestoreCheckOptions = { dataFolder: undefined, allowNewerEngine: false, replicationTls: false };
const SUBJECT: RestoreSubject = {
  name: 'the-backup',
  rdbBytes: 1000,
  usedMemoryBytes: 3 * MIB,
  engine: { redis: '8.2.3', falkordb: '4.16.3', rdbVersion: 12 },
};

interface Call {
  subject?: Partial<RestoreSubject>;
  options?: Partial<RestoreCheckOptions>;
  info?: Partial<ServerInfo>;
  as?: { username: string; password: string };
}

async function refusalsOf({ address }: Pick<LiveServer, 'address'>, call: Call = {}): Promise<Findings> {
  using admin = await Database.connect(address);
  using db = await Database.connect({ ...address, ...call.as });
  const info = { ...(await admin.info()), ...call.info };
  return await findRefusals(db, info, { ...SUBJECT, ...call.subject }, { ...OPTIONS, ...call.options });
}

/** Each as `code: message | hint`. */
async function linesOf(live: Pick<LiveServer, 'address'>, call: Call = {}): Promise<string[]> {
  return (await refusalsOf(live, call)).refusals.map(({ code, message, hint }) => `${code}: ${message} | ${hint}`);
}

function pairsOf(flat: unknown): [string, string][] {
  const words = Array.isArray(flat) ? flat.map(String) : [];
  return words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : []));
}

describe('a FalkorDB that can take a restore', () => {
  test('is not refused, and nothing of it changes', async () => {
    await using live = await startLiveServer({ password: 'secret', config: { appendonly: 'yes' } });
    await live.graph('g', 'CREATE (:Node)');
    await live.client.config('SET', 'masterauth', 'kept');
    const look = async () => ({
      // A map, which Redis tells in any order.
      settings: Object.fromEntries(pairsOf(await live.client.config('GET', '*'))),
      replication: await Promise.all(['role', 'master_replid', 'master_replid2', 'master_repl_offset'].map(live.info)),
      work: await Promise.all(['rdb_saves', 'rdb_bgsave_in_progress', 'aof_rewrites', 'paused_reason'].map(live.info)),
      data: await live.nodeCounts(),
      keys: await live.client.keys('*'),
    });
    const before = await look();
    const findings = await refusalsOf(live);
    expect(await look()).toEqual(before);
    expect(findings.refusals).toEqual([]);
  });

  test('is not refused while it saves', async () => {
    await using live = await startLiveServer();
    await live.fill(200);
    await live.setSaveDelay(20_000);
    await live.client.bgsave();
    expect(await linesOf(live)).toEqual([]);
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
  });

  test('with unknown figures is taken with notes', async () => {
    await using live = await startLiveServer();
    const engine = { redis: null, falkordb: null, rdbVersion: 12 };
    const dataFolder = join(live.server.folder, 'missing');
    expect(await refusalsOf(live, { subject: { engine, usedMemoryBytes: null }, options: { dataFolder } })).toEqual({
      refusals: [],
      notes: [
        expect.stringMatching(/not known which FalkorDB wrote the-backup/),
        expect.stringMatching(/disk room for the-backup could not be checked: .*cannot be read here \(ENOENT\)/),
        expect.stringMatching(/not known how much memory the-backup takes/),
      ],
    });
  });
});

describe('versions', () => {
  test('the table knows what this Redis writes', async () => {
    await using live = await startLiveServer();
    await live.client.save();
    const header = (await readFile(join(live.server.folder, 'dump.rdb'))).toString('latin1', 0, 9);
    expect(header).toBe(`REDIS${String(newestRdbVersion(await live.info('redis_version'))).padStart(4, '0')}`);
  });

  test('newer ones are refused both at once; a newer FalkorDB can be allowed, a newer format of dumps cannot', async () => {
    await using live = await startLiveServer();
    const subject = { engine: { redis: '8.6.0', falkordb: '99.0.0', rdbVersion: 13 } };
    expect(await linesOf(live, { subject })).toEqual([
      expect.stringMatching(/^database-unsuitable: the-backup was written by FalkorDB 99\.0\.0.*fetch the file/),
      expect.stringMatching(/^database-unsuitable: the-backup has RDB version 13.*Redis 8\.6\.0 or newer/),
    ]);
    expect(await linesOf(live, { subject, options: { allowNewerEngine: true } })).toEqual([
      expect.stringMatching(/RDB version 13/),
    ]);
  });
});

describe('the kind of server', () => {
  test('a plain Redis is refused, and only for that', async () => {
    await using live = await startLiveServer({ module: false });
    expect(await linesOf(live)).toEqual([
      expect.stringMatching(/^database-unsuitable: .* is a Redis [\d.]+ without the FalkorDB module.*FALKORDB_URL/),
    ]);
  });

  test('a node of a cluster is refused, and only for that', async () => {
    await using live = await startLiveServer({ config: { 'cluster-enabled': 'yes' } });
    expect(await linesOf(live)).toEqual([
      expect.stringMatching(/^database-unsuitable: .* is one node of a cluster.*fetch the file/),
    ]);
  });

  test('a replica that loads is refused for both, and then only for being a replica', async () => {
    await using master = await startLiveServer();
    await master.fill(100, 2048);
    const slow = { 'key-load-delay': '100000', 'loading-process-events-interval-bytes': '1024' };
    await using replica = await startLiveServer({ config: slow });
    // FalkorDB answers no PING while it loads: only a connection from before has anything to ask.
    using db = await Database.connect(replica.address);
    await replica.client.replicaof('127.0.0.1', master.server.port);
    await eventually(async () => expect((await db.info()).loading).toBe(true));
    const { refusals } = await findRefusals(db, await db.info(), SUBJECT, OPTIONS);
    expect(refusals).toMatchObject([
      { code: 'database-busy', message: expect.stringContaining('still loading'), retryable: true },
      { code: 'database-unsuitable', message: expect.stringContaining('a replica of') },
    ]);
    await replica.client.config('SET', 'key-load-delay', '0');
    await eventually(async () => expect(await replica.info('master_link_status')).toBe('up'));
    expect(await linesOf(replica)).toEqual([
      expect.stringMatching(
        new RegExp(`^database-unsuitable: .* is a replica of 127.0.0.1:${master.server.port}\\. \\| Restore into that`),
      ),
    ]);
    expect(await replica.info('role')).toBe('slave');
    expect(await linesOf(master)).toEqual([]);
  });

  test('a replica without its master may be what an interrupted restore left', async () => {
    await using live = await startLiveServer();
    await live.client.replicaof('127.0.0.1', 1);
    expect(await linesOf(live)).toEqual([
      expect.stringMatching(/a replica of 127\.0\.0\.1:1, without a connection.*restore --recover.*REPLICAOF NO ONE/),
    ]);
  });
});

describe('a Sentinel', () => {
  test('is refused itself, and so is the server that it watches', async () => {
    await using live = await startLiveServer();
    await using sentinel = await startSentinel(live);
    await eventually(async () =>
      expect(await linesOf(live)).toEqual([
        expect.stringMatching(/^database-unsuitable: .* watched by 1 Sentinel,.*SENTINEL REMOVE/),
      ]),
    );
    const address = { ...live.address, port: sentinel.port };
    expect(await linesOf({ address })).toEqual([expect.stringMatching(/^database-unsuitable: .* is a Sentinel/)]);
    using client = await Database.connect(address);
    await client.call('SENTINEL', 'REMOVE', 'db');
    await eventually(async () => expect(await linesOf(live)).toEqual([]));
  });
});

describe('settings of a replica', () => {
  test.each([
    ['replica-read-only', 'no', 'yes'],
    ['replica-serve-stale-data', 'no', 'yes'],
    ['repl-diskless-load', 'on-empty-db', 'disabled'],
    ['repl-diskless-load', 'swapdb', 'disabled'],
  ])('%s %s is refused', async (setting, value, needed) => {
    await using live = await startLiveServer({ config: { [setting]: value } });
    expect(await linesOf(live)).toEqual([
      expect.stringMatching(
        new RegExp(`^database-unsuitable: .* has ${setting} ${value}: .*CONFIG SET ${setting} ${needed}`),
      ),
    ]);
  });
});

describe('rights', () => {
  const as = { username: 'restorer', password: 'secret' };
  const [allKeys, ...rules] = restoreRules({ aof: { enabled: true }, falkordbVersion: '4.16.3' });
  let live: LiveServer;
  beforeAll(async () => {
    live = await startLiveServer({ config: { appendonly: 'yes' } });
  });
  afterAll(() => live[Symbol.asyncDispose]());

  async function linesWith(...given: string[]): Promise<string[]> {
    const user = ['on', '>secret', 'resetchannels', '-@all', '+ping', ...given];
    await live.client.call('ACL', 'SETUSER', as.username, 'reset', ...user);
    return await linesOf(live, { as });
  }

  test('are complete with these rules and nothing more', async () => {
    expect(allKeys).toBe('~*');
    expect(await linesWith('~*', ...rules)).toEqual([]);

    using db = await Database.connect({ ...live.address, ...as });
    const own = await readWriteLimits(db);
    await refuseWrites(db);
    await db.call('GRAPH.INFO');
    await db.call('CONFIG', 'SET', 'masterauth', 'of-the-moment');
    await db.call('REPLICAOF', '127.0.0.1', 1);
    await acceptWrites(db, own);
    expect(await db.call('GRAPH.LIST')).toEqual([]);
    await db.call('REPLICAOF', 'NO', 'ONE');
    await db.call('CONFIG', 'SET', 'masterauth', '');
    expect(await db.call('CLIENT', 'KILL', 'ID', (await db.connection()).id + 1000)).toBe(0);
    await db.call('BGREWRITEAOF');
    await eventually(async () => expect(await db.call('BGSAVE')).toBe('Background saving started'));
  });

  test.each(rules.filter((rule) => rule !== '+multi'))(
    'without %s the command is named, and the rule',
    async (rule) => {
      const command = rule.slice(1).replace('|', ' ').toUpperCase();
      const others = rules.filter((other) => other !== rule);
      expect(await linesWith('~*', ...others)).toEqual([
        expect.stringMatching(
          new RegExp(
            `^database-denied: .*user restorer what a restore needs: ${literal(command)}\\. \\| Run: ACL SETUSER restorer ${literal(rule)}$`,
          ),
        ),
      ]);
    },
  );

  test('several are named at once', async () => {
    const lines = await linesWith('~*', ...rules.filter((rule) => !/replicaof|kill/.test(rule)));
    expect(lines).toEqual([expect.stringMatching(/needs: CLIENT KILL, REPLICAOF\. .* \+client\|kill \+replicaof$/)]);
  });

  test('on some keys only are too few', async () => {
    expect(await linesWith('~g*', ...rules)).toEqual([
      expect.stringMatching(/GRAPH\.RO_QUERY on every key\. \| Run: ACL SETUSER restorer ~\*$/),
    ]);
  });

  test('cannot be tried without MULTI; then all rules are named', async () => {
    const lines = await linesWith('~*', '+info');
    expect(lines).toEqual([expect.stringMatching(/needs: MULTI\. \| Run: /)]);
    for (const rule of rules) expect(lines[0]).toContain(` ${rule}`);
    expect(await linesWith('~*', ...(lines[0] ?? '').split('restorer ').slice(-1).join().split(' '))).toEqual([]);
  });

  test('to rewrite an AOF are not needed where there is none', async () => {
    await using plain = await startLiveServer();
    const fewer = restoreRules({ aof: { enabled: false }, falkordbVersion: '4.16.3' });
    expect(fewer).not.toContain('+bgrewriteaof');
    await plain.client.call('ACL', 'SETUSER', as.username, 'on', '>secret', '-@all', '+ping', ...fewer);
    expect(await linesOf(plain, { as })).toEqual([]);
  });

  test('do not help where a command was renamed', async () => {
    await using renamed = await startLiveServer({
      engine: await engineWith(['rename-command REPLICAOF ""', 'rename-command BGSAVE SAVE2']),
    });
    expect(await linesOf(renamed)).toEqual([
      expect.stringMatching(
        /^database-denied: .* does not know what a restore needs: REPLICAOF, BGSAVE\..*rename-command/,
      ),
    ]);
  });
});

describe('memory', () => {
  test("of the new data beside the old is held against the host's", async () => {
    await using live = await startLiveServer();
    const total = Number(await live.info('total_system_memory'));
    const used = Number(await live.info('used_memory'));
    expect(await linesOf(live, { subject: { usedMemoryBytes: total - used - MIB } })).toEqual([]);
    expect(await linesOf(live, { subject: { usedMemoryBytes: total - used + 4 * MIB } })).toEqual([
      expect.stringMatching(/^no-room: .*its host has \d+ MiB/),
    ]);
  });

  test.skipIf(!existsSync('/sys/fs/cgroup'))('of the container is found by the real process', async () => {
    await using live = await startLiveServer();
    const used = Number(await live.info('used_memory'));
    expect(await readMemoryLimit(Number(await live.info('process_id')))).toBeGreaterThan(used);
    expect(await readMemoryLimit(process.pid)).toBeUndefined();
  });

  test('of the new data alone is held against maxmemory', async () => {
    await using live = await startLiveServer({ config: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' } });
    expect(await linesOf(live, { subject: { usedMemoryBytes: 100 * MIB } })).toEqual([]);
    expect(await linesOf(live, { subject: { usedMemoryBytes: 101 * MIB } })).toEqual([
      expect.stringMatching(
        /^no-room: the-backup takes 101 MiB .* maxmemory of 100 MiB.*allkeys-lru.*throw graphs away/,
      ),
    ]);
  });
});

// A user namespace lets any user mount a small disk; some systems forbid that.
const namespaces = await execa('unshare', ['-Urm', 'sh', '-ec', 'mount -t tmpfs tmpfs /tmp'], { reject: false });
const why = namespaces.exitCode === 0 ? '' : ` (no user namespaces here: ${namespaces.stderr})`;

describe.skipIf(why !== '')(`a disk of 8 MiB${why}`, () => {
  test.each([
    ['no', 3.2, 'takes'],
    ['no', 4.4, 'refuses'],
    ['yes', 2.2, 'takes'],
    ['yes', 2.9, 'refuses'],
  ])('with appendonly %s and a dump of %s MiB %s it', async (appendonly, mebibytes, verdict) => {
    const refusal = {
      code: 'no-room',
      message: expect.stringMatching(/need 9 MiB of disk in .* for the-backup; 7 MiB are free/),
      hint: expect.stringContaining('FALKORDB_DATA_DIR'),
    };
    expect(await onSmallDisk(appendonly, Math.round(mebibytes * MIB))).toEqual(verdict === 'takes' ? [] : [refusal]);
  });
});

async function onSmallDisk(appendonly: string, rdbBytes: number): Promise<unknown> {
  await using folder = await temporaryFolder();
  const script = 'mount -t tmpfs -o size=8m tmpfs "$1"; shift; exec "$@"';
  const worker = [process.execPath, WORKER, folder.path, appendonly, String(rdbBytes)];
  const { stdout } = await execa('unshare', ['-Urm', 'sh', '-ec', script, 'sh', folder.path, ...worker]);
  return JSON.parse(stdout);
}

async function startSentinel({ address }: LiveServer): Promise<ScratchServer> {
  const engine = await engineWith([`sentinel monitor db ${address.host} ${address.port} 1`], ['--sentinel']);
  return await startScratch({ engine, module: false });
}

/** For directives that cannot be given as one name and one value. */
async function engineWith(lines: string[], args: string[] = []): Promise<Engine> {
  const engine = await resolveEngine();
  const command: Engine['command'] = (files) => {
    appendFileSync(files.configFile, lines.map((line) => `${line}\n`).join(''));
    return [...engine.command(files), ...args];
  };
  return { ...engine, command };
}

function literal(text: string): string {
  return text.replaceAll(/[.+|*]/g, '\\$&');
}
