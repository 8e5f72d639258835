import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
let folder: TemporaryFolder;
let scratch: string;
let store: FileStore;

beforeAll(async () => {
  live = await startLiveServer();
  await createSpoilableGraph(live);
  await live.graph('people', 'CREATE INDEX FOR (p:Person) ON (p.name)');
  await live.graph('empty', 'RETURN 1');
});
afterAll(() => live[Symbol.asyncDispose]());
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
    const manifest = manifestOf(await backUp(live, store, { config: { compression: 'none' } }));
    using crash = onServer(/Ready to accept connections/, (pid) => process.kill(pid, 'SIGSEGV'));
    const dump = dumpOf(manifest);
    await expect(prove(dump, depsOf())).rejects.toMatchObject({ code: 'integrity' });
    expect(crash.pid()).toBeGreaterThan(0);
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
