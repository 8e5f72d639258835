import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stampOf } from '../../agent/import/taken-at.ts';
import { importDump } from '../../agent/import.ts';
import { parseRdbHeader } from '../../agent/pipeline/rdb-header.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { findOrphans } from '../../core/catalog/orphans.ts';
import { BackupError } from '../../core/model/errors.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { configOf, nextRunId, runsOf, TARGET } from '../support/backups.ts';
import { dumpOfServer, loaded } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { crc64, rdbFile } from '../support/rdb-bytes.ts';
import { spoiledDump } from '../support/spoiled-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { watched } from '../support/watched-store.ts';
import { answer, startWebhookReceiver } from '../support/webhook-receiver.ts';

const DAY_MS = 24 * 3600 * 1000;

let live: LiveServer;
/** Of 40 nodes, and of one more. */
let dump: Buffer;
let laterDump: Buffer;
beforeAll(async () => {
  live = await startLiveServer();
  await live.graph(
    'people',
    "UNWIND range(1, 20) AS i CREATE (:Person {name: 'n' + i})-[:KNOWS {w: i}]->(:City {c: i})",
  );
  await live.graph('people', 'CREATE INDEX FOR (p:Person) ON (p.name)');
  await live.client.set('greeting', 'hello');
  dump = await dumpOfServer(live);
  await live.graph('people', 'CREATE (:Later)');
  laterDump = await dumpOfServer(live);
});
afterAll(() => live[Symbol.asyncDispose]());

let folder: TemporaryFolder;
let store: FileStore;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await temporaryFolder();
  const scratch = join(folder.path, 'scratch');
  const root = join(folder.path, 'store');
  await mkdir(scratch);
  store = new FileStore(root);
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(root).href,
    BACKUP_SCRATCH_DIR: scratch,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_LOG_LEVEL: 'silent',
  };
  return async () => {
    expect(await readdir(scratch)).toEqual([]);
    await folder[Symbol.asyncDispose]();
  };
});

const agent = (...args: string[]) => agentCommand(args, { env });
const importJson = async (...args: string[]) => {
  const { exitCode, json } = await agent('import', ...args, '--json');
  return { exitCode, imported: json.imported, json };
};
const stampOfDump = (bytes: Buffer) => stampOf(parseRdbHeader(bytes) ?? { version: 0, aux: new Map() });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const iso = (daysAgo: number) => new Date(Math.floor(Date.now() / 1000) * 1000 - daysAgo * DAY_MS).toISOString();
const idAt = (time: string, tier: string) => `${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${TARGET}-${tier}`;

/** As scripts leave it. */
async function lay(name: string, bytes: Uint8Array, meta?: unknown): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, bytes);
  if (meta !== undefined) await writeFile(`${path}.meta`, typeof meta === 'string' ? meta : JSON.stringify(meta));
  return path;
}

async function keysOfStore(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('import', () => {
  test('makes a backup that list, show, verify and restore work with, and leaves the file alone', async () => {
    const at = iso(1);
    const meta = { timestamp: at, type: 'daily', size: dump.length, checksum: sha256(dump), graphs: ['people'] };
    const path = await lay('falkordb_daily.rdb', dump, meta);
    const before = await stat(path);

    const { exitCode, json } = await importJson(path, '--tier', 'daily');
    const backupId = idAt(at, 'daily');
    expect(json).toEqual({
      imported: [
        {
          file: path,
          ...{ backupId, takenAt: at, bytes: dump.length, graphs: 1, nodes: 40 },
          ...{ status: 'imported', error: null },
          warnings: [expect.stringMatching(/^By its \.meta it was taken at .*, by the dump itself at /)],
        },
      ],
    });
    expect(exitCode).toBe(0);
    expect(await readFile(path)).toEqual(dump);
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect((await readdir(folder.path)).sort()).toEqual([
      ...['falkordb_daily.rdb', 'falkordb_daily.rdb.meta', 'scratch', 'store'],
    ]);

    const [listed] = (await agent('list', '--json')).json;
    expect(listed).toMatchObject({
      ...{ backupId, status: 'ok', tier: 'daily', source: 'import', scheduledFor: at, countsExact: true },
      imported: { from: 'falkordb_daily.rdb', at: expect.any(String), stampedAt: stampOfDump(dump)?.toISOString() },
      engine: { redis: '8.2.3', falkordb: 'unknown' },
      rdb: { createdAt: at, bytes: dump.length, sha256: sha256(dump), checksum: 'verified' },
      graphs: [{ name: 'people', nodes: 40, edges: 20, labels: ['City', 'Person'] }],
      verified: { outcome: 'loaded' },
    });
    expect(listed.keys).toBe(await loaded({ bytes: dump }, ({ client }) => client.dbsize()));
    expect((await agent('list')).stdout).toMatch(new RegExp(`^${backupId} .* loaded \\S+ ago$`, 'm'));
    const shown = (await agent('show')).stdout;
    expect(shown).toMatch(/^source: +import of falkordb_daily\.rdb at \S+Z, which says that it was taken at \S+Z$/m);
    expect(shown).toMatch(/^engine: +FalkorDB unknown on Redis 8\.2\.3,/m);
    expect((await agent('show', '--state')).stdout).toContain('USERS\nUnknown: it was imported from a file');
    expect((await agent('show', '--state', '--json')).json).toMatchObject({ acl: null, config: null, commands: [] });

    expect((await agent('verify', '--load', '--json')).json).toMatchObject({
      status: 'ok',
      results: [{ backupId, verification: { outcome: 'loaded', differences: [] } }],
    });

    await using other = await startLiveServer();
    await other.graph('old', 'CREATE (:Old)');
    env.FALKORDB_URL = other.server.url;
    const restored = await agent('restore', backupId, '--force', '--json');
    expect(restored.json).toMatchObject({ status: 'completed', restored: backupId, graphs: [{ name: 'people' }] });
    // It was proved when it was imported.
    expect(restored.json.steps.map(({ name }: { name: string }) => name)).not.toContain('prove');
    expect(await other.nodeCounts()).toEqual({ people: 40 });
    expect(await other.client.get('greeting')).toBe('hello');

    const output = join(folder.path, 'back.rdb');
    expect((await agent('fetch', backupId, '--output', output)).exitCode).toBe(0);
    expect(await readFile(output)).toEqual(dump);
  });

  test('is one run of a backup, of which nobody is told', async () => {
    await using receiver = await startWebhookReceiver([answer(200)]);
    const url = `http://127.0.0.1:${receiver.port}`;
    Object.assign(env, { BACKUP_WEBHOOK_URL: url, BACKUP_NOTICES: 'all', BACKUP_HEARTBEAT_URL: url });
    const { imported } = await importJson(await lay('a.rdb', dump), '--tier', 'weekly');
    const [run, ...others] = await runsOf(store);
    expect(run).toMatchObject({
      requested: { verb: 'backup', backupId: imported[0].backupId },
      verdicts: [{ verdict: 'completed', undelivered: [] }],
    });
    expect(others).toEqual([]);
    expect(receiver.received).toEqual([]);
    expect((await agent('backup', '--json')).exitCode).toBe(0);
    expect(receiver.received).toHaveLength(2);
  });

  test('belongs to retention by the moment it was taken, in its tier', async () => {
    const path = await lay('a.rdb', dump);
    env.BACKUP_RETENTION_MINIMUM = '1';
    for (const [days, tier] of [
      [40, 'daily'],
      [29, 'daily'],
      [40, 'weekly'],
      [100, 'weekly'],
    ] as const) {
      const { imported } = await importJson(path, '--tier', tier, '--taken-at', iso(days));
      expect(imported[0]).toMatchObject({ status: 'imported', warnings: [expect.stringContaining('--taken-at')] });
    }
    const { decisions } = (await agent('prune', '--json')).json.targets[0];
    expect(
      decisions.map(({ backupId, keep, reason }: Record<string, string>) => [backupId?.slice(-6), keep, reason]),
    ).toEqual([
      ['weekly', false, 'weekly: older than 12 weeks'],
      ['-daily', false, 'daily: older than 30 days'],
      ['weekly', true, 'younger than 12 weeks'],
      ['-daily', true, 'the newest good backup'],
    ]);
    expect((await agent('prune', '--apply')).exitCode).toBe(0);
    expect((await agent('list', '--json')).json).toHaveLength(2);
  });

  test('knows a file again, and refuses another one of the same second', async () => {
    const at = iso(2);
    const path = await lay('a.rdb', dump);
    const args = ['--tier', 'daily', '--taken-at', at] as const;
    expect((await importJson(path, ...args)).imported).toMatchObject([{ status: 'imported' }]);
    const before = await keysOfStore();
    const again = await importJson(path, ...args);
    expect(again).toMatchObject({
      exitCode: 0,
      imported: [{ backupId: idAt(at, 'daily'), status: 'exists', graphs: 1, nodes: 40, error: null }],
    });
    const other = await importJson(await lay('b.rdb', laterDump), ...args);
    expect(other).toMatchObject({
      exitCode: 2,
      imported: [
        {
          status: 'failed',
          error: {
            code: 'invalid-argument',
            message: expect.stringMatching(
              /exists already, and holds another dump than .*b\.rdb, imported from a\.rdb\./,
            ),
          },
        },
      ],
    });
    expect(await keysOfStore()).toEqual(before);
    expect((await importJson(path, '--tier', 'weekly', '--taken-at', at)).imported[0].status).toBe('imported');
  });

  test('takes what gzip has compressed, described by a .meta of the file or of the dump in it', async () => {
    const packed = gzipSync(dump);
    const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
    const a = await lay('a.rdb.gz', packed, { timestamp: iso(1), size: packed.length, md5: md5(packed) });
    const b = await lay('b.rdb.gz', packed);
    await writeFile(
      join(folder.path, 'b.rdb.meta'),
      JSON.stringify({ timestamp: iso(2), size: dump.length, md5: md5(dump) }),
    );
    const { exitCode, imported } = await importJson(a, b, '--tier', 'daily');
    expect(imported).toMatchObject([
      { status: 'imported', bytes: dump.length, nodes: 40 },
      { status: 'imported', bytes: dump.length, nodes: 40 },
    ]);
    expect(imported[0].backupId > imported[1].backupId).toBe(true);
    expect(exitCode).toBe(0);
    expect((await agent('list', '--json')).json[0].rdb.sha256).toBe(sha256(dump));
    const cut = await importJson(await lay('c.rdb.gz', packed.subarray(0, -100)), '--tier', 'daily');
    expect(cut.imported[0].error).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining('gzip cannot unpack it'),
    });
  });

  test('goes by what the dump says of its age, where nobody says it', async () => {
    const path = await lay('a.rdb', dump, { timestamp: '20260101_023000', type: 'weekly' });
    const at = stampOfDump(dump)?.toISOString();
    expect((await importJson(path, '--tier', 'daily')).imported).toMatchObject([
      {
        ...{ status: 'imported', takenAt: at },
        warnings: [
          expect.stringContaining('a.rdb.meta: timestamp "20260101_023000" is no time with a zone'),
          'Its .meta says that it is a weekly backup; it is imported as daily.',
        ],
      },
    ]);
    const [{ rdb, scheduledFor }] = (await agent('list', '--json')).json;
    expect([rdb.createdAt, scheduledFor]).toEqual([at, at]);
  });

  test('warns of a .meta that it cannot read, and goes on', async () => {
    const path = await lay('a.rdb', dump, 'name=a');
    const { exitCode, stdout } = await agent('import', path, '--tier', 'daily');
    expect(stdout).toContain('warning: a.rdb.meta is no JSON object: it was not used.');
    expect(stdout).toMatch(/^1 imported, 0 failed\.$/m);
    expect(exitCode).toBe(0);
  });

  test('--dry-run says what would be done, and does nothing', async () => {
    const at = iso(3);
    const path = await lay('a.rdb', dump, { timestamp: at });
    const bad = await lay('b.rdb', dump.subarray(0, -20));
    const { exitCode, imported } = await importJson(path, bad, '--tier', 'daily', '--dry-run');
    expect(imported).toMatchObject([
      { status: 'planned', backupId: idAt(at, 'daily'), takenAt: at, graphs: null, nodes: null, error: null },
      { status: 'failed', error: { code: 'integrity' } },
    ]);
    expect(exitCode).toBe(4);
    expect(await keysOfStore()).toEqual([]);
  });

  test('goes on after bad files, says of each what is wrong, and leaves nothing of them', async () => {
    const flipped = Buffer.from(dump);
    flipped.writeUInt8(flipped.readUInt8(dump.length - 60) ^ 1, dump.length - 60);
    const future = Buffer.from(dump);
    future.write('0099', 5);
    future.writeBigUInt64LE(crc64(future.subarray(0, -8)), future.length - 8);
    await using redis = await startLiveServer({ module: false });
    await redis.client.set('k', 'v');
    await redis.client.save();
    const files: [string, string, RegExp][] = [
      [await lay('truncated.rdb', dump.subarray(0, 400)), 'integrity', /is not a whole RDB file: RDB trailer/],
      [await lay('flipped.rdb', flipped), 'integrity', /RDB checksum: the CRC64/],
      [await lay('empty.rdb', Buffer.alloc(0)), 'integrity', /the dump is empty/],
      [await lay('text.rdb', Buffer.from('CREATE (:Person)\n')), 'integrity', /does not start with REDIS/],
      [
        await lay('larger.rdb', dump, { size: dump.length + 1 }),
        'integrity',
        /is not the file that its \.meta describes: it has \d+ bytes/,
      ],
      [
        await lay('other.rdb', dump, { md5: 'd41d8cd98f00b204e9800998ecf8427e' }),
        'integrity',
        /its MD5 is not d41d8cd9/,
      ],
      [await lay('another.rdb', dump, { sha256: sha256(laterDump) }), 'integrity', /its SHA-256 is not /],
      [
        await lay('refused.rdb', await spoiledDump('refusal')),
        'integrity',
        /FalkorDB \S+ on Redis \S+ cannot load refused\.rdb/,
      ],
      [await lay('newer.rdb', future), 'engine-missing', /newer\.rdb/],
      [
        await lay('redis.rdb', await readFile(join(redis.server.folder, 'dump.rdb'))),
        'invalid-argument',
        /redis\.rdb holds no graphs: 1 keys/,
      ],
      [
        await lay('ageless.rdb', rdbFile({ aux: [] })),
        'invalid-argument',
        /ageless\.rdb does not say when it was taken/,
      ],
      [join(folder.path, 'missing.rdb'), 'invalid-argument', /missing\.rdb cannot be read: ENOENT/],
      [folder.path, 'invalid-argument', /is a folder/],
    ];
    const good = await lay('good.rdb', dump);
    const { exitCode, imported } = await importJson(...files.map(([file]) => file), good, '--tier', 'daily');
    for (const [index, [file, code, message]] of files.entries()) {
      expect(imported[index], file).toMatchObject({
        file,
        status: 'failed',
        error: { code, hint: expect.any(String) },
      });
      expect(imported[index].error.message).toMatch(message);
    }
    expect(imported.at(-1)).toMatchObject({ file: good, status: 'imported' });
    expect(exitCode).toBe(6);
    expect((await agent('list', '--json')).json).toHaveLength(1);
    const attempts = (await keysOfStore()).filter((key) => /dump|state/.test(key));
    expect(attempts).toHaveLength(2);
    expect(await runsOf(store)).toHaveLength(1);
    expect((await findOrphans(store, TARGET, new Date())).objects).toEqual([]);
  });

  test('says so where it may not read the file', async () => {
    const path = await lay('a.rdb', dump);
    await chmod(folder.path, 0o755);
    await chmod(path, 0o600);
    const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    if (asNobody.length === 0) await chmod(path, 0o000);
    const { exitCode, json } = await agentCommand(['import', path, '--tier', 'daily', '--json'], {
      env,
      wrapper: asNobody,
    });
    expect(json.imported[0].error).toMatchObject({
      code: 'invalid-argument',
      message: `${path} cannot be read: EACCES.`,
    });
    expect(exitCode).toBe(2);
  });

  test.each([
    ['is yet to come', ['--taken-at', new Date(Date.now() + DAY_MS).toISOString()], /was not taken yet/],
    ['has no zone', ['--taken-at', '2026-01-01T02:30:00'], /is no time/],
    ['is of several files', ['b.rdb', '--taken-at', '2026-01-01T02:30:00Z'], /--taken-at is of one file/],
  ])('refuses a --taken-at that %s', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await agent('import', await lay('a.rdb', dump), '--tier', 'daily', ...args);
    expect(stdout + stderr).toMatch(message);
    expect(exitCode).toBe(2);
    expect(await keysOfStore()).toEqual([]);
  });

  test.each([
    ['no tier', []],
    ['the tier of safety backups', ['--tier', 'pre-restore']],
  ])('refuses %s', async (_, args) => {
    expect(await agent('import', await lay('a.rdb', dump), ...args)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--tier'),
    });
  });

  test('says so where there is no place for a throw-away server', async () => {
    env.BACKUP_SCRATCH_DIR = join(folder.path, 'missing');
    const { exitCode, imported } = await importJson(await lay('a.rdb', dump), '--tier', 'daily');
    expect(imported[0].error).toMatchObject({
      code: 'invalid-settings',
      hint: expect.stringContaining('BACKUP_SCRATCH_DIR'),
    });
    expect(exitCode).toBe(2);
    expect(await keysOfStore()).toEqual([]);
  });

  test('waits for another run on the target, as long as the settings say', async () => {
    const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
    const request = { target: TARGET, runId: nextRunId(), holder, isDead: () => false, now: () => new Date() };
    const lease = await Lease.acquire(store, request);
    const path = await lay('a.rdb', dump);
    env.BACKUP_BUSY_TIMEOUT_SECONDS = '1';
    const late = await importJson(path, '--tier', 'daily');
    expect(late).toMatchObject({ exitCode: 5, imported: [{ error: { code: 'lease-held', retryable: true } }] });
    env.BACKUP_BUSY_TIMEOUT_SECONDS = '60';
    const waiting = importJson(path, '--tier', 'daily');
    await eventually(async () => expect((await runsOf(store)).length).toBe(2));
    await lease.release();
    expect((await waiting).imported).toMatchObject([{ status: 'imported' }]);
  });
});

describe('an import that fails at its end', () => {
  const importInto = (inner: FileStore, path: string, before: (call: string, key: string) => Promise<void>) =>
    importDump(
      { file: path, tier: 'daily', takenAt: new Date(iso(1)), runId: nextRunId(), isDryRun: false },
      {
        config: { ...configOf(live.address, inner), scratchFolder: env.BACKUP_SCRATCH_DIR ?? '' },
        store: watched(inner, before),
        now: () => new Date(),
        log: pino({ level: 'silent' }),
        onProgress: () => {},
        signal: new AbortController().signal,
      },
    );

  test('leaves bytes that prune removes at once, and no backup', async () => {
    const path = await lay('a.rdb', dump);
    const result = await importInto(store, path, async (call, key) => {
      if (call === 'put' && key.endsWith('manifest.json')) throw new BackupError('store-denied', 'No.');
    });
    expect(result).toMatchObject({ status: 'failed', error: { code: 'store-denied' } });
    expect((await agent('list', '--json')).json).toEqual([]);
    expect((await findOrphans(store, TARGET, new Date())).objects).toHaveLength(2);
  });

  test('stores no file that has changed since it was proved, though it is as long and whole', async () => {
    const path = await lay('a.rdb', dump);
    const other = Buffer.from(dump);
    other.write('jello', other.indexOf('hello'));
    other.writeBigUInt64LE(crc64(other.subarray(0, -8)), other.length - 8);
    const result = await importInto(store, path, async (call, key) => {
      if (call === 'put' && key.includes('/dump.')) await writeFile(path, other);
    });
    expect(result.error).toMatchObject({ code: 'integrity', message: `${path} changed while it was being imported.` });
    expect((await keysOfStore()).filter((key) => key.startsWith('daily/'))).toEqual([]);
  });

  test('is one all the same where only the proof cannot be noted', async () => {
    const path = await lay('a.rdb', dump);
    const result = await importInto(store, path, async (call, key) => {
      if (call === 'put' && key.includes('/verified/')) throw new BackupError('store-denied', 'No.');
    });
    expect(result).toMatchObject({ status: 'imported', error: null });
    expect(result.warnings.at(-1)).toBe('That it loads could not be noted in the store: No. "verify --load" does it.');
    expect((await agent('list', '--json')).json).toMatchObject([{ status: 'ok', verified: null }]);
  });
});
