import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentCommand } from '../support/agent-command.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let server: LiveServer;
let folder: TemporaryFolder;
let store: string;

beforeAll(async () => {
  server = await startLiveServer({ password: 'correct horse' });
  await server.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})-[:KNOWS]->(:Person {id: -i})');
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  store = join(folder.path, 'store');
});
afterEach(() => folder[Symbol.asyncDispose]());

const agent = (...args: string[]) => agentCommand(args, { env: settings() });

function settings(): Record<string, string> {
  return { FALKORDB_URL: server.server.url, BACKUP_STORE: pathToFileURL(store).href, BACKUP_TARGET: 'shop' };
}

async function storedDump(): Promise<string> {
  const { json } = await agent('show', '--json');
  return join(store, json.stored.key);
}

describe('backup', () => {
  test('prints one JSON object that says what was made', async () => {
    const { exitCode, json } = await agent('backup', '--tier', 'daily', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'completed',
      target: 'shop',
      tier: 'daily',
      source: 'bgsave',
      countsExact: true,
      graphs: [{ name: 'people', nodes: 100, edges: 50, labels: ['Person'], relationshipTypes: ['KNOWS'] }],
    });
    expect(json.backupId).toMatch(/^\d{8}T\d{6}Z-shop-daily$/);
    expect(json.rdb.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(store, json.stored.key))).size).toBe(json.stored.bytes);
  });

  test('writes its log to stderr as JSON lines with the run id, and no secret', async () => {
    const { stderr, json } = await agent('backup', '--json');
    const lines = stderr.split('\n').map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatchObject({ level: 'info', runId: json.runId, backupId: json.backupId });
    expect(stderr).not.toMatch(/correct|horse/);
  });

  test('takes its password from a file', async () => {
    const passwordFile = join(folder.path, 'password');
    await writeFile(passwordFile, 'correct horse\n');
    const env = { ...settings(), FALKORDB_URL: `redis://127.0.0.1:${server.server.port}` };
    expect(await agentCommand(['backup', '--password-file', passwordFile], { env })).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ['a wrong password', { FALKORDB_URL: 'redis://:wrong@127.0.0.1:PORT' }, 'database-denied'],
    ['no password', { FALKORDB_URL: 'redis://127.0.0.1:PORT' }, 'database-denied'],
    ['a server that is not there', { FALKORDB_URL: 'redis://127.0.0.1:1' }, 'database-unreachable'],
    ['TLS to a server without it', { FALKORDB_URL: 'rediss://127.0.0.1:PORT' }, 'database-unreachable'],
  ])('fails on %s with a hint, exit code 6 and a failed run', async (_, env, code) => {
    const url = env.FALKORDB_URL.replace('PORT', String(server.server.port));
    const { exitCode, json, stderr } = await agentCommand(['backup', '--json'], {
      env: { ...settings(), FALKORDB_URL: url },
    });
    expect(exitCode).toBe(6);
    expect(json).toMatchObject({ status: 'failed', error: { code, hint: expect.any(String) } });
    expect(stderr).toContain('hint:');
    expect(stderr).not.toContain('wrong');
    const status = await agent('status', '--json');
    expect(status.json.lastFailure.verdict).toMatchObject({ verdict: 'failed', failure: { code } });
  });

  test.each(['bgsave', 'replication'])(
    'by %s needs no more rights than docs/configuration.md gives',
    async (source) => {
      const [, words = ''] = /^ACL (SETUSER .*)$/m.exec(await readFile('docs/configuration.md', 'utf8')) ?? [];
      await server.client.call('ACL', ...words.replace('CHOOSE-A-PASSWORD', 'pw').split(' '));
      const env = { ...settings(), FALKORDB_URL: `redis://backup:pw@127.0.0.1:${server.server.port}` };
      const { exitCode, json } = await agentCommand(['backup', '--source', source, '--json'], { env });
      expect(exitCode).toBe(0);
      const state = JSON.parse(await readFile(join(store, json.state.key), 'utf8'));
      expect(state).toMatchObject({
        aclUsers: expect.any(Array),
        graphConfig: expect.any(Array),
        modules: expect.any(Array),
      });
      expect(state.omittedSecrets).toContain('requirepass');
      expect(JSON.stringify(state)).not.toContain('correct horse');
    },
  );

  test('fails with the name of the command that the user may not run', async () => {
    await server.client.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~*', '+@all', '-bgsave');
    const env = { ...settings(), FALKORDB_URL: `redis://poor:pw@127.0.0.1:${server.server.port}` };
    const { exitCode, json } = await agentCommand(['backup', '--source', 'bgsave', '--json'], { env });
    expect(exitCode).toBe(6);
    expect(json.error).toMatchObject({ code: 'database-denied', message: expect.stringContaining('BGSAVE') });
  });

  test('goes on to its end when nobody reads its output any more', async () => {
    const env = { ...settings(), PATH: process.env.PATH ?? '' };
    const command = `"${process.execPath}" agent/main.ts backup --json 2>&1 | true; echo "\${PIPESTATUS[0]}"`;
    expect((await execa('bash', ['-c', command], { env, extendEnv: false })).stdout).toBe('0');
    expect(await agent('verify', '--json')).toMatchObject({ exitCode: 0, json: { verified: 1 } });
  });

  test('fails on a node of a cluster, which holds a part of the data only', async () => {
    await using node = await startLiveServer({ config: { 'cluster-enabled': 'yes' } });
    const { exitCode, json } = await agentCommand(['backup', '--json'], {
      env: { ...settings(), FALKORDB_URL: node.server.url },
    });
    expect(exitCode).toBe(6);
    expect(json.error).toMatchObject({ code: 'database-unsuitable', message: expect.stringContaining('cluster') });
  });

  test('fails on a Redis without the module', async () => {
    await using plain = await startLiveServer({ module: false });
    const { exitCode, json } = await agentCommand(['backup', '--json'], {
      env: { ...settings(), FALKORDB_URL: plain.server.url },
    });
    expect(exitCode).toBe(6);
    expect(json.error).toMatchObject({
      code: 'database-unsuitable',
      message: expect.stringContaining('without the FalkorDB module'),
    });
  });

  test.each([
    ['a full disk', 'mount -t tmpfs -o size=64k tmpfs "$1"', 'store-full'],
    ['a read-only store', 'mount -t tmpfs -o ro tmpfs "$1"', 'store-denied'],
  ])('fails on %s with a hint and exit code 7', async (_, mount, code) => {
    await mkdir(store);
    await server.fill(200, 1000);
    const wrapper = ['unshare', '-Urm', 'sh', '-ec', `${mount}; shift; exec "$@"`, 'sh', store];
    const { exitCode, json } = await agentCommand(['backup', '--json', '--compression', 'none'], {
      env: settings(),
      wrapper,
    });
    await server.client.del(...Array.from({ length: 200 }, (__, key) => `key${key}`));
    expect(exitCode).toBe(7);
    expect(json.error).toMatchObject({ code, hint: expect.any(String) });
  });
});

describe('list, show and status', () => {
  test('list prints an array, oldest first, and does not hide the rest behind what cannot be read', async () => {
    expect((await agent('list', '--json')).json).toEqual([]);
    await agent('backup', '--tier', 'daily', '--scheduled-for', '2026-11-21T02:30:00Z');
    await agent('backup', '--tier', 'daily', '--scheduled-for', '2026-11-22T02:30:00Z');
    await agent('backup', '--tier', 'weekly', '--scheduled-for', '2026-11-22T03:00:00Z');
    await writeFile(manifestPath('20261121T023000Z-shop-daily'), 'not json');
    await replaceInManifest('20261122T023000Z-shop-daily', '"schemaVersion": 1', '"schemaVersion": 9');
    const { exitCode, json } = await agent('list', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject([
      { status: 'unreadable', backupId: '20261121T023000Z-shop-daily', error: { code: 'unreadable-manifest' } },
      {
        status: 'unreadable',
        backupId: '20261122T023000Z-shop-daily',
        error: { hint: expect.stringContaining('upgrade') },
      },
      { status: 'ok', backupId: '20261122T030000Z-shop-weekly', ageSeconds: expect.any(Number) },
    ]);
    const { stdout } = await agent('list', '--tier', 'weekly');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout).toMatch(/20261122T030000Z-shop-weekly {2}\S+Z \(\S+ ago\)/);
    const verified = await agent('verify', '--all', '--json');
    expect(verified.exitCode).toBe(4);
    expect(verified.json).toMatchObject({ status: 'damaged', verified: 3, damaged: 2 });
  });

  test('show and latest find the newest of all tiers, or of one', async () => {
    await agent('backup', '--tier', 'daily', '--scheduled-for', '2026-11-14T02:30:00Z');
    await agent('backup', '--tier', 'weekly', '--scheduled-for', '2026-11-15T03:00:00Z');
    expect((await agent('show', 'latest:weekly', '--json')).json.tier).toBe('weekly');
    expect((await agent('show', '20261114T023000Z-shop-daily')).stdout).toContain('people');
    const missing = await agent('show', 'latest:monthly', '--json');
    expect(missing).toMatchObject({ exitCode: 3, json: { error: { code: 'backup-not-found' } } });
  });

  test('status tells the newest good backup of each tier, what is due and how much is stored', async () => {
    const { json: made } = await agent('backup', '--tier', 'daily', '--json');
    const { json } = await agent('status', '--json');
    expect(json.tiers).toContainEqual({
      tier: 'daily',
      newest: expect.objectContaining({ backupId: made.backupId, storedBytes: made.stored.bytes }),
      nextDue: expect.stringMatching(/T02:30:00\.000Z$/),
    });
    expect(json).toMatchObject({
      target: 'shop',
      lastFailure: null,
      running: [],
      size: { scope: 'store', objects: 7 },
    });
    expect(json.size.storedBytes).toBeGreaterThan(made.stored.bytes);
  });
});

describe('verify', () => {
  beforeEach(async () => void (await agent('backup')));

  test('passes what is whole', async () => {
    expect(await agent('verify', '--json')).toMatchObject({
      exitCode: 0,
      json: { status: 'ok', verified: 1, damaged: 0 },
    });
  });

  test.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['a flipped bit', flipMiddleBit, /decompression|SHA-256/],
    ['a truncated file', async (path) => truncate(path, (await stat(path)).size - 3), /stored size/],
    ['an empty file', (path) => truncate(path, 0), /stored size/],
    ['a missing file', (path) => rm(path), /missing/],
  ])('names the object and the check for %s', async (_, damage, check) => {
    const path = await storedDump();
    await damage(path);
    const { exitCode, json, stdout } = { ...(await agent('verify')), json: (await agent('verify', '--json')).json };
    expect(exitCode).toBe(4);
    expect(stdout).toContain('DAMAGED');
    expect(json.results[0]).toMatchObject({ status: 'damaged', error: { code: 'integrity' } });
    expect(json.results[0].error.message).toContain('dump.rdb.zst');
    expect(json.results[0].error.message).toMatch(check);
  });
});

test('verify --all calls a backup without its state damaged, and looks at the others all the same', async () => {
  // At times of their own: two within one second are listed in another order than the oldest first.
  await agent('backup', '--tier', 'daily', '--scheduled-for', '2026-11-21T02:30:00Z');
  await agent('backup', '--tier', 'weekly', '--scheduled-for', '2026-11-22T03:00:00Z');
  const { json: daily } = await agent('show', 'latest:daily', '--json');
  await rm(join(store, daily.state.key));
  expect((await agent('list', '--json')).json).toMatchObject([{ status: 'incomplete' }, { status: 'ok' }]);
  expect((await agent('list')).stdout).toContain(`INCOMPLETE  ${daily.backupId}`);
  const { exitCode, json } = await agent('verify', '--all', '--json');
  expect(exitCode).toBe(4);
  expect(json).toMatchObject({ verified: 2, damaged: 1 });
  expect(JSON.stringify(json.results)).toContain(`${daily.state.key} is missing`);
});

describe('fetch', () => {
  test('gives bytes from which a fresh FalkorDB starts with the same graphs', async () => {
    await agent('backup');
    const data = join(folder.path, 'data');
    await mkdir(data);
    const { exitCode, json } = await agent('fetch', 'latest', '--output', join(data, 'dump.rdb'), '--json');
    expect(exitCode).toBe(0);
    expect((await stat(json.path)).size).toBe(json.rdb.bytes);
    await using fresh = await startLiveServer({ folder: data });
    expect(await fresh.nodeCounts()).toEqual({ people: 100 });
  });

  test('leaves nothing behind where a check fails, and overwrites only when told', async () => {
    await agent('backup');
    const out = join(folder.path, 'out');
    await mkdir(out);
    const output = join(out, 'x.rdb');
    await writeFile(output, 'mine');
    expect(await agent('fetch', '--output', output)).toMatchObject({ exitCode: 2 });
    expect(await readFile(output, 'utf8')).toBe('mine');
    await flipMiddleBit(await storedDump());
    expect(await agent('fetch', '--output', output, '--force')).toMatchObject({ exitCode: 4 });
    expect(await readFile(output, 'utf8')).toBe('mine');
    expect(await readdir(out)).toEqual(['x.rdb']);
  });
});

describe('doctor', () => {
  test('finds no problem on a healthy machine, and warns of a server that saves nothing by itself', async () => {
    const { exitCode, json } = await agent('doctor', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ status: 'ok', problems: 0 });
    expect(json.findings).toContainEqual(
      expect.objectContaining({ check: 'persistence', level: 'warning', fix: expect.any(String) }),
    );
  });

  test('warns of graphs that no manifest counts', async () => {
    const inOther = server.client.duplicate({ db: 5 });
    await inOther.call('GRAPH.QUERY', 'hidden', 'CREATE (:Node)');
    const { json } = await agent('doctor', '--json');
    await inOther.call('GRAPH.DELETE', 'hidden');
    inOther.disconnect();
    expect(json.findings).toContainEqual(
      expect.objectContaining({
        check: 'graphs',
        level: 'warning',
        message: expect.stringMatching(/^1 graphs are in/),
      }),
    );
  });

  test('finds a mounted folder that is another server’s', async () => {
    await using other = await startLiveServer();
    await server.client.bgsave();
    await eventually(async () => expect(await server.info('rdb_bgsave_in_progress')).toBe('0'));
    const { exitCode, json } = await agent('doctor', '--json', '--source', 'bgsave', '--data-dir', other.server.folder);
    expect(exitCode).toBe(9);
    expect(json.findings).toContainEqual(expect.objectContaining({ check: 'data folder', level: 'problem' }));
  });

  test('names what is wrong with server and store at once', async () => {
    await writeFile(join(folder.path, 'file'), '');
    const env = {
      ...settings(),
      FALKORDB_URL: 'redis://127.0.0.1:1',
      BACKUP_STORE: pathToFileURL(join(folder.path, 'file')).href,
    };
    const { exitCode, json } = await agentCommand(['doctor', '--json'], { env });
    expect(exitCode).toBe(9);
    expect(json.findings).toMatchObject([
      { check: 'FalkorDB', level: 'problem', fix: expect.any(String) },
      { check: 'store', level: 'problem', fix: expect.any(String) },
    ]);
  });
});

describe('the command line', () => {
  test('reports all wrong settings at once and exits with 2', async () => {
    const env = { BACKUP_SOURCE: 'x', BACKUP_TARGET: 'No Good', FALKORDB_URL: 'http://:sekret@x' };
    const { exitCode, stderr } = await agentCommand(['backup', '--timeout', 'soon'], { env });
    expect(exitCode).toBe(2);
    for (const name of ['BACKUP_SOURCE', 'BACKUP_TARGET', 'FALKORDB_URL', '--timeout', 'BACKUP_STORE']) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain('sekret');
  });

  test.each([
    [['nonsense']],
    [['backup', '--tier', 'hourly']],
    [['list', 'extra']],
    [['fetch']],
    [['backup', '--run-id', '../x']],
    [['notify']],
  ])('refuses %j with exit code 2', async (args) =>
    expect(await agent(...args)).toMatchObject({ exitCode: 2, stdout: '' }),
  );

  test('every verb has a help text with examples', async () => {
    const { stdout } = await agent('--help');
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) \[/gm)]
      .map(([, verb = '']) => verb)
      .filter((verb) => verb !== 'help');
    expect(verbs).toEqual([
      'run',
      'backup',
      'list',
      'show',
      'verify',
      'fetch',
      'import',
      'restore',
      'pin',
      'unpin',
      'prune',
      'status',
      'doctor',
      'notify',
      'execute',
      'demo',
    ]);
    for (const verb of verbs) expect((await agent(verb, '--help')).stdout).toContain('Examples:\n  $ falkordb-backup');
  });
});

test('the demo makes a backup of a real graph, proves it, restores it, and leaves no process', async () => {
  const env = { TMPDIR: folder.path };
  const { exitCode, stdout } = await agentCommand(['demo'], { env });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/Graph falkordb-backup-demo: \d{3} packages/);
  expect(stdout).toContain('1 verified, 0 damaged.');
  expect(stdout).toMatch(/demo holds \S+-demo-daily: 1 graphs, \d{3} nodes\./);
  expect((await execa('pgrep', ['-f', folder.path], { reject: false })).stdout).toBe('');
  const kept = await readdir(folder.path);
  expect(kept).toEqual([expect.stringMatching(/^falkordb-backup-demo-/)]);
});

test('the demo uses a given server, and takes only its own graph away again', async () => {
  const env = { TMPDIR: folder.path, FALKORDB_URL: server.server.url };
  const { exitCode, stdout } = await agentCommand(['demo'], { env });
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('demo holds');
  expect(await server.nodeCounts()).toEqual({ people: 100 });
});

function manifestPath(backupId: string): string {
  return join(store, backupId.split('-').at(-1) ?? '', 'shop', backupId, 'manifest.json');
}

async function replaceInManifest(backupId: string, from: string, to: string): Promise<void> {
  const text = await readFile(manifestPath(backupId), 'utf8');
  await writeFile(manifestPath(backupId), text.replace(from, to));
}

async function flipMiddleBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
