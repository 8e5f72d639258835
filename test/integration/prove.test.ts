import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readContents } from '../../agent/contents.ts';
import { Database } from '../../agent/falkordb/database.ts';
import type { Progress } from '../../agent/progress.ts';
import { type ProvableDump, prove, proveBackup } from '../../agent/prove.ts';
import { listBackups } from '../../core/catalog/catalog.ts';
import { newestVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { verificationsPrefix } from '../../core/model/keys.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, TARGET } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { backUpSpoiled, createSpoilableGraph, rewriteManifest } from '../support/spoiled-backups.ts';
import { hasFile } from '../support/store-files.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const AT_ONCE = { timeout: 15_000, interval: 1 };

let live: LiveServer;
/** Its dump takes a moment to load. */
let slow: LiveServer;
let folder: TemporaryFolder;
let scratch: string;
let store: FileStore;

beforeAll(async () => {
  live = await startLiveServer();
  await createSpoilableGraph(live);
  await live.graph('people', 'CREATE INDEX FOR (p:Person) ON (p.name)');
  await live.graph('empty', 'RETURN 1');
  slow = await startLiveServer({ config: { 'enable-debug-command': 'yes' } });
  await slow.client.call('DEBUG', 'POPULATE', 600_000);
  await slow.graph('g', 'CREATE ()');
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await slow[Symbol.asyncDispose]();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  // The space: no step of the way may take a path apart.
  scratch = join(folder.path, 'scratch folder');
  await mkdir(scratch);
});
// Nothing is left, whatever happened.
afterEach(async () => {
  expect(await readdir(scratch)).toEqual([]);
  const { stdout } = await execa('ps', ['-eo', 'args=', '-ww']);
  expect(stdout).not.toContain(scratch);
  await folder[Symbol.asyncDispose]();
});

interface ProveCall {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  timeoutSeconds?: number;
}

const depsOf = ({ onProgress = () => {}, signal, timeoutSeconds = 60 }: ProveCall = {}) => ({
  config: { scratchFolder: scratch, timeoutSeconds },
  store,
  log: pino({ level: 'silent' }),
  onProgress,
  signal: signal ?? new AbortController().signal,
  now: () => new Date(),
});

const partsOf = ({ backupId }: Manifest) => {
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error(`${backupId} is no backup id`);
  return parts;
};

const proof = (manifest: Manifest, call?: ProveCall) => proveBackup(manifest, partsOf(manifest), depsOf(call));

const root = () => join(folder.path, 'store');
const spoil = (damage: Parameters<typeof backUpSpoiled>[3]) => backUpSpoiled(live, root(), store, damage);

async function sidecars(manifest: Manifest): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(verificationsPrefix(partsOf(manifest)))) found.push(key);
  return found;
}

/** Of the throw-away server, as its own log says; undefined where it has not got that far. */
function serverThatWrote(text: RegExp): number | undefined {
  for (const name of readdirSync(scratch).filter((entry) => entry.startsWith('falkordb-scratch-'))) {
    const log = readFileSync(join(scratch, name, 'server.log'), 'utf8');
    if (text.test(log)) return Number(/^(\d+):M /m.exec(log)?.[1]);
  }
  return undefined;
}

/** Calls `act` once with the process id of the throw-away server, as soon as its log says `text`. */
function onServer(text: RegExp, act: (pid: number) => void): Disposable & { pid: () => number | undefined } {
  let pid: number | undefined;
  const timer = setInterval(() => {
    try {
      pid = serverThatWrote(text);
    } catch {
      // Its folder is being made, or removed.
    }
    if (pid === undefined) return;
    clearInterval(timer);
    act(pid);
  }, 1);
  return { pid: () => pid, [Symbol.dispose]: () => clearInterval(timer) };
}

describe('a good backup', () => {
  test('is loaded, holds what the server holds, and that is recorded beside its manifest', async () => {
    const manifest = manifestOf(await backUp(live, store));
    const phases = new Set<string>();
    const verification = await proof(manifest, { onProgress: ({ phase }) => phases.add(phase) });
    expect(verification).toMatchObject({
      backupId: manifest.backupId,
      rdbSha256: manifest.rdb.sha256,
      outcome: 'loaded',
      engine: { redis: manifest.engine.redis, falkordb: manifest.engine.falkordb },
      failure: null,
      differences: [],
    });
    using db = await Database.connect(live.address);
    const { signal } = new AbortController();
    expect(verification.contents).toEqual(await readContents(db, { onProgress: () => {}, signal }));
    expect(verification.loadSeconds).toBeGreaterThan(0);
    expect([...phases]).toEqual(expect.arrayContaining(['fetch', 'indexes', 'inventory']));

    expect(await sidecars(manifest)).toHaveLength(1);
    expect(await newestVerification(store, manifest)).toEqual(verification);
    const [entry] = await listBackups(store, { target: TARGET });
    expect(entry?.verified?.outcome).toBe('loaded');
  });

  test('is loaded in a folder of its own that nobody else can read', async () => {
    const manifest = manifestOf(await backUp(live, store));
    const modes: number[] = [];
    const look = async () => {
      for (const name of await readdir(scratch)) modes.push((await stat(join(scratch, name))).mode & 0o777);
    };
    let looked: Promise<void> | undefined;
    await proof(manifest, {
      onProgress: ({ phase }) => {
        if (phase === 'inventory') looked ??= look();
      },
    });
    await looked;
    expect(modes).toEqual([0o700, 0o700]);
  });

  test('can be proved again and again, by several at once', async () => {
    const manifest = manifestOf(await backUp(live, store));
    const all = await Promise.all([proof(manifest), proof(manifest), proof(manifest)]);
    expect(all.map(({ outcome }) => outcome)).toEqual(['loaded', 'loaded', 'loaded']);
  });

  test('that another version wrote is loaded, and says by which', async () => {
    const made = manifestOf(await backUp(live, store));
    const manifest = await rewriteManifest(root(), { ...made, engine: { ...made.engine, falkordb: '4.14.1' } });
    expect(await proof(manifest)).toMatchObject({ outcome: 'loaded', engine: { falkordb: made.engine.falkordb } });
  });
});

describe('a backup that FalkorDB cannot load, though every checksum is right', () => {
  test.each([
    ['crash', /cannot load .*\n[\s\S]*crashed by signal/],
    ['refusal', /cannot load .*\n[\s\S]*Terminating server/],
  ] as const)('has failed, with the last words of the server (%s)', async (damage, message) => {
    const manifest = await spoil(damage);
    const verification = await proof(manifest);
    expect(verification).toMatchObject({
      outcome: 'failed',
      engine: { redis: manifest.engine.redis, falkordb: manifest.engine.falkordb },
      failure: { code: 'integrity', message: expect.stringMatching(message) },
      contents: null,
    });
    expect(verification.failure?.message).toContain(manifest.backupId);
    expect(await newestVerification(store, manifest)).toEqual(verification);
    const [entry] = await listBackups(store, { target: TARGET });
    expect(entry?.verified?.outcome).toBe('failed');
  });

  test('says nothing where a newer FalkorDB wrote it', async () => {
    const made = await spoil('crash');
    const manifest = await rewriteManifest(root(), { ...made, engine: { ...made.engine, falkordb: '99.0.0' } });
    await expect(proof(manifest)).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('written by FalkorDB 99.0.0'),
    });
    expect(await sidecars(manifest)).toEqual([]);
  });

  test('has failed too where FalkorDB crashes after it has loaded it', async () => {
    const manifest = manifestOf(await backUp(live, store));
    let pid: number | undefined;
    const onProgress = ({ phase }: Progress) => {
      if (phase !== 'inventory' || pid !== undefined) return;
      pid = serverThatWrote(/Ready to accept connections/);
      if (pid !== undefined) process.kill(pid, 'SIGSEGV');
    };
    expect(await proof(manifest, { onProgress })).toMatchObject({
      outcome: 'failed',
      failure: { message: expect.stringContaining('it crashed when it had loaded it') },
    });
    expect(pid).toBeGreaterThan(0);
  });
});

function dumpOf(manifest: Manifest, dump: Partial<ProvableDump> = {}): ProvableDump {
  const path = join(root(), manifest.stored.key);
  return {
    name: 'a dump',
    bytes: manifest.rdb.bytes,
    usedMemoryBytes: null,
    open: async function* () {
      yield readFileSync(path);
    },
    ...dump,
  };
}

describe('a backup that holds something else than its manifest says', () => {
  const withFewerNodes = async (countsExact: boolean) => {
    const made = manifestOf(await backUp(live, store));
    const graphs = made.graphs.map((graph) => ({ ...graph, nodes: graph.name === 'people' ? 39 : graph.nodes }));
    return rewriteManifest(root(), { ...made, graphs, countsExact });
  };

  test('has failed where its counts are exact', async () => {
    const verification = await proof(await withFewerNodes(true));
    expect(verification).toMatchObject({
      outcome: 'failed',
      failure: null,
      differences: ['graph people: 40 nodes, 39 expected'],
    });
    expect(verification.contents?.graphs).toHaveLength(2);
  });

  test('is loaded, with the counts that it turned out to have, where they are not', async () => {
    const verification = await proof(await withFewerNodes(false));
    expect(verification).toMatchObject({ outcome: 'loaded', differences: [] });
    expect(verification.contents?.graphs.map(({ name, nodes }) => [name, nodes])).toEqual([
      ['empty', 0],
      ['people', 40],
    ]);
  });

  test('is said to hold another graph even where they are not', async () => {
    const made = manifestOf(await backUp(live, store));
    const graphs = made.graphs.filter(({ name }) => name === 'people');
    const manifest = await rewriteManifest(root(), { ...made, graphs, countsExact: false });
    expect(await proof(manifest)).toMatchObject({ outcome: 'loaded', differences: ['graph empty was not expected'] });
  });
});

describe('what says nothing about the backup is an error, and nothing is recorded:', () => {
  let manifest: Manifest;

  beforeEach(async () => {
    manifest = manifestOf(await backUp(slow, store));
  });
  afterEach(async () => expect(await sidecars(manifest)).toEqual([]));

  test('the throw-away server is killed while it loads', async () => {
    using kill = onServer(/Loading RDB produced by/, (pid) => process.kill(pid, 'SIGKILL'));
    await expect(proof(manifest)).rejects.toMatchObject({
      code: 'database-failed',
      message: expect.stringContaining('vanished while it loaded'),
    });
    expect(kill.pid()).toBeGreaterThan(0);
  });

  test('it is told to stop while it loads', async () => {
    using _ = onServer(/Loading RDB produced by/, (pid) => process.kill(pid, 'SIGTERM'));
    await expect(proof(manifest)).rejects.toMatchObject({ code: 'database-failed' });
  });

  test.each(['fetch', 'load', 'inventory'] as const)('someone stops it (phase: %s)', async (phase) => {
    const stop = new AbortController();
    const reason = new Error('stopped by a person');
    const abort = () => stop.abort(reason);
    using _ = onServer(/Loading RDB produced by/, (pid) => {
      if (phase !== 'load') return;
      process.kill(pid, 'SIGSTOP');
      abort();
    });
    const onProgress = (progress: Progress) => {
      if (progress.phase === phase && phase !== 'load') abort();
    };
    // Long before its time is over.
    await expect(proof(manifest, { onProgress, signal: stop.signal, timeoutSeconds: 600 })).rejects.toBe(reason);
  });

  test('its time is over', async () => {
    using freeze = onServer(/Loading RDB produced by/, (pid) => process.kill(pid, 'SIGSTOP'));
    await expect(proof(manifest, { timeoutSeconds: 2 })).rejects.toMatchObject({ code: 'deadline' });
    expect(freeze.pid()).toBeGreaterThan(0);
  });

  test('the stored bytes are damaged: that is found before anything is loaded', async () => {
    const path = join(root(), manifest.stored.key);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(path, bytes);
    await expect(proof(manifest)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(manifest.stored.key),
    });
  });

  test.each([
    ['memory', { usedMemoryBytes: 2 ** 50 }, /takes about \d+ bytes of memory/],
    ['disk', { bytes: 2 ** 50 }, /takes \d+ bytes; .* has \d+ free/],
  ])('there is no room: too little %s, which is found before anything is downloaded', async (_, needs, message) => {
    const open = () => {
      throw new Error('it was opened');
    };
    const dump = dumpOf(manifest, { ...needs, open });
    await expect(prove(dump, depsOf())).rejects.toMatchObject({
      code: 'no-room',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  test('the disk becomes full meanwhile', async () => {
    const open = async function* () {
      yield Buffer.alloc(10);
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    await expect(prove(dumpOf(manifest, { open }), depsOf())).rejects.toMatchObject({ code: 'no-room' });
  });

  test('there is no folder for it', async () => {
    const deps = { ...depsOf(), config: { scratchFolder: join(folder.path, 'missing'), timeoutSeconds: 60 } };
    await expect(proveBackup(manifest, partsOf(manifest), deps)).rejects.toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining('missing'),
    });
  });
});

describe('an agent that is killed with -9 while it', () => {
  test.each([
    ['downloads', undefined],
    ['loads', /Loading RDB produced by/],
    ['has loaded', /Ready to accept connections/],
  ])('%s leaves no server and no file behind', async (_, text) => {
    const manifest = manifestOf(await backUp(slow, store));
    const env = { BACKUP_STORE: pathToFileURL(root()).href, BACKUP_SCRATCH_DIR: scratch, BACKUP_LOG_LEVEL: 'silent' };
    const agent = spawn(process.execPath, ['agent/main.ts', 'verify', '--load', manifest.backupId], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: 'ignore',
    });
    const ended = once(agent, 'close');
    const server = await vi.waitFor(() => {
      const pid = text && serverThatWrote(text);
      if (text ? pid === undefined : !hasFile(scratch, /dump\.rdb$/)) throw new Error('not there yet');
      return pid;
    }, AT_ONCE);
    agent.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    await vi.waitFor(() => expect(readdirSync(scratch)).toEqual([]), AT_ONCE);
    if (server !== undefined) expect(existsSync(`/proc/${server}`)).toBe(false);
    expect(await sidecars(manifest)).toEqual([]);
  });
});
