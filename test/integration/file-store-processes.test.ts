import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { place } from '../../core/store/file/publish.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { keysOf, text, textOf } from '../conformance/object-helpers.ts';
import { refuses } from '../conformance/object-store.ts';

const WORKER = fileURLToPath(new URL('../support/file-store-worker.ts', import.meta.url));
const LIMIT = { timeout: 60_000 };

let folder: string;
let root: string;
let store: FileStore;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-store-'));
  root = join(folder, 'root');
  store = new FileStore(root);
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  await rm(folder, { recursive: true });
});

interface Worker {
  child: ChildProcess;
  /** The next line it prints. */
  said(): Promise<string>;
}

/** Starts a worker, and waits until it is ready to begin. */
async function start(args: string[], wrapper: string[] = []): Promise<Worker> {
  const [file = '', ...rest] = [...wrapper, process.execPath, WORKER, ...args];
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The worker ended: ${complaints}`);
    return String(value);
  };
  expect(await said()).toBe('ready');
  return { child, said };
}

function begin({ child }: Worker): void {
  child.stdin?.write('\n');
}

/** Lets workers begin together, and returns what each of them printed. */
async function race(workers: Promise<Worker>[]): Promise<unknown[]> {
  const ready = await Promise.all(workers);
  ready.forEach(begin);
  return Promise.all(ready.map(async ({ said }) => JSON.parse(await said())));
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('several processes on one folder', LIMIT, () => {
  it('one creates, and what it wrote is read', async () => {
    const outcomes = await race(Array.from({ length: 6 }, (_, index) => start(['create', root, 'a/b', String(index)])));
    const winners = outcomes.flatMap((won, index) => (won ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await textOf(await store.get('a/b'))).toBe(String(winners[0]));
  });

  it('count together by compare-and-swap without losing one', async () => {
    await store.put('counter', text('0'));
    await race(Array.from({ length: 4 }, () => start(['count', root, 'counter', '25'])));
    expect(await textOf(await store.get('counter'))).toBe('100');
  });

  it('create and delete beside each other, and leave no folder behind', async () => {
    await race(Array.from({ length: 4 }, () => start(['putAndDelete', root, 'a/b/c', '20'])));
    expect(await readdir(root)).toEqual(['.tmp']);
  });
});

describe('a process killed with -9', LIMIT, () => {
  it('releases the mutex, which it held against others', async () => {
    const holder = await start(['hold', root]);
    begin(holder);
    expect(await holder.said()).toBe('holding');

    const impatient = new FileStore(root, { mutexWaitMs: 50 });
    const error = await refuses('store-unavailable', impatient.put('a', text('1')));
    expect(error).toMatchObject({ retryable: true, hint: expect.stringContaining('stuck') });
    await store.put('created', text('1'), { ifAbsent: true });
    const waiting = store.put('a', text('2'));

    await kill(holder.child);
    await waiting;
    expect(await textOf(await store.get('a'))).toBe('2');
  });

  it('in the middle of a put leaves nothing under the key, and its upload is removed once it is old', async () => {
    const writer = await start(['putForever', root, 'a/b']);
    begin(writer);
    expect(await writer.said()).toBe('writing');
    await kill(writer.child);
    await refuses('store-not-found', store.head('a/b'));

    const [upload = ''] = await uploads();
    await store.put('a/b', text('1'), { ifAbsent: true });
    expect(await uploads()).toEqual([upload]);
    const twoDaysAgo = new Date(Date.now() - 48 * 60 * 60 * 1000);
    await utimes(join(root, '.tmp', upload), twoDaysAgo, twoDaysAgo);
    await new FileStore(root).put('c', text('1'));
    expect(await uploads()).toEqual([]);
  });

  const uploads = async () => (await readdir(join(root, '.tmp'))).filter((name) => name.endsWith('.upload'));
});

const refusal = whyNoNamespaces();
describe.skipIf(refusal !== undefined && process.env.CI !== 'true')(
  `a disk that refuses${refusal === undefined ? '' : ` (needs user and mount namespaces: ${refusal})`}`,
  LIMIT,
  () => {
    beforeEach(() => expect(refusal, 'CI must be able to run unshare').toBeUndefined());

    // biome-ignore format: a line for each command
    const inNamespace = (...mounts: string[]) => [
      'unshare', '-Urm', 'sh', '-ec', [...mounts, 'shift', 'exec "$@"'].join('\n'), 'sh', root,
    ];

    it('for it is full', async () => {
      await mkdir(root);
      const wrapper = inNamespace('mount -t tmpfs -o size=4m tmpfs "$1"');
      const worker = await start(['fill', root, 'big/object', String(16 * 1024 * 1024)], wrapper);
      begin(worker);
      expect(JSON.parse(await worker.said())).toEqual({
        failure: {
          code: 'store-full',
          message: expect.stringContaining(`"big/object" in ${store.url}`),
          hint: expect.stringContaining('Free space'),
          retryable: false,
        },
        keys: [],
        left: [],
      });
    });

    it('for it is read-only', async () => {
      await store.put('old', text('1'));
      const wrapper = inNamespace('mount --bind "$1" "$1"', 'mount -o remount,bind,ro "$1"');
      const worker = await start(['readOnly', root, 'old'], wrapper);
      begin(worker);
      const denied = {
        code: 'store-denied',
        message: expect.stringContaining(store.url),
        hint: expect.stringContaining('read-write'),
        retryable: false,
      };
      expect(JSON.parse(await worker.said())).toEqual({
        create: denied,
        overwrite: denied,
        delete: denied,
        read: '1',
        keys: ['old'],
      });
      expect(await textOf(await store.get('old'))).toBe('1');
    });

    it('for its mutex cannot be locked, as that file alone is read-only', async () => {
      await store.put('old', text('1'));
      const file = '"$1/.tmp/mutex.sqlite"';
      const wrapper = inNamespace(`mount --bind ${file} ${file}`, `mount -o remount,bind,ro ${file}`);
      const worker = await start(['readOnly', root, 'old'], wrapper);
      begin(worker);
      const denied = expect.objectContaining({ code: 'store-denied' });
      expect(JSON.parse(await worker.said())).toMatchObject({ overwrite: denied, delete: denied, read: '1' });
    });
  },
);

function whyNoNamespaces(): string | undefined {
  const tried = spawnSync('unshare', ['-Urm', 'sh', '-ec', 'mount -t tmpfs tmpfs /tmp'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return tried.error?.message ?? tried.stderr.trim();
}

describe('a folder that others have been in', () => {
  it('is not left through symbolic links', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await store.put('a', text('1'));
    await symlink(outside, join(root, 'link'));
    await symlink(join(outside, 'secret'), join(root, 'file'));
    for (const key of ['link/secret', 'file']) {
      await refuses('store-denied', store.get(key));
      await refuses('store-denied', store.head(key));
    }
    for (const key of ['link/secret', 'link/new', 'link/deep/new']) {
      await refuses('store-denied', store.put(key, text('2')));
      await refuses('store-denied', store.put(key, text('2'), { ifAbsent: true }));
      await refuses('store-denied', store.delete(key));
    }
    await refuses('store-precondition-failed', store.put('file', text('2'), { ifAbsent: true }));
    await store.put('file', text('2'));
    expect(await keysOf(store)).toEqual(['a', 'file']);
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('lists and reads only what is an object, and never waits for a pipe', async () => {
    await store.put('a/b', text('1'));
    for (const name of ['.hidden', 'two words', 'lost+found']) await writeFile(join(root, name), '');
    expect(spawnSync('mkfifo', [join(root, 'pipe')]).status).toBe(0);
    expect(await keysOf(store)).toEqual(['a/b']);
    await refuses('store-not-found', store.get('pipe'));
  });

  it('cannot hold an object where it holds a folder, nor the reverse', async () => {
    await store.put('a/b', text('1'));
    await refuses('store-invalid-key', store.put('a', text('2')));
    await refuses('store-invalid-key', store.put('a', text('2'), { ifAbsent: true }));
    await refuses('store-invalid-key', store.put('a/b/c', text('2'), { ifAbsent: true }));
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('may lose a folder to a delete just before an object is placed in it', async () => {
    await mkdir(root);
    let lost = 0;
    await place(root, 'a/b/c', async (target) => {
      if (lost < 3) await rm(join(root, 'a'), { recursive: true });
      lost += 1;
      await writeFile(target, '1');
    });
    expect(await textOf(await store.get('a/b/c'))).toBe('1');
    expect(lost).toBe(4);
  });

  it('is closed to other users', async () => {
    await store.put('a/b', text('1'));
    const modes = await Promise.all(
      ['', 'a', 'a/b', '.tmp'].map(async (name) => (await stat(join(root, name))).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o700]);
  });

  it('stays without descriptors of ours, whatever is left half-read', async () => {
    const opened = async () => (await readdir('/proc/self/fd')).length;
    await store.put('big', Buffer.alloc(3 * 1024 * 1024));
    const before = await opened();
    await store.head('big');
    await (await store.get('big')).body[Symbol.asyncIterator]().return?.();
    for await (const _ of (await store.get('big')).body) break;
    await refuses('store-not-found', store.get('none'));
    expect(await opened()).toBe(before);
  });
});
