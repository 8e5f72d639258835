// One process among others on one folder: `node file-store-worker.ts <command> <root> <key> [number]`. It says "ready",
// begins when its standard input does, so that all begin together, and prints its outcome as one line of JSON.
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import { withFolderMutex } from '../../core/store/file/folder-mutex.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { increment, keysOf, textOf } from '../conformance/object-helpers.ts';

const MIB = 1024 * 1024;
const [command = '', root = '', key = '', number = '0'] = process.argv.slice(2);
const store = new FileStore(root);

const commands: Record<string, () => Promise<unknown>> = {
  create: async () => {
    try {
      await store.put(key, Buffer.from(number), { ifAbsent: true });
      return true;
    } catch (error) {
      if (hasCode(error, 'store-precondition-failed')) return false;
      throw error;
    }
  },
  count: async () => {
    // As many attempts as there can be increments of others in between, and some.
    for (let done = 0; done < Number(number); done += 1) await increment(store, key, 1000);
  },
  putAndDelete: async () => {
    for (let done = 0; done < Number(number); done += 1) {
      await store.put(`${key}/${process.pid}`, Buffer.from('1'), { ifAbsent: done % 2 === 0 });
      await store.delete(`${key}/${process.pid}`);
    }
  },
  hold: async () => {
    await mkdir(join(root, '.tmp'), { recursive: true });
    await withFolderMutex(join(root, '.tmp', 'mutex.sqlite'), { waitMs: 1000, signal: undefined }, async () => {
      say('holding');
      await forever();
    });
  },
  putForever: () =>
    store.put(
      key,
      (async function* () {
        yield Buffer.alloc(4 * MIB);
        say('writing');
        await forever();
      })(),
    ),
  fill: async () => {
    const failure = await failureOf(store.put(key, zeros(Number(number)), { ifAbsent: true }));
    const keys = await keysOf(store);
    const left = (await readdir(join(root, '.tmp'))).filter((name) => name.endsWith('.upload'));
    await store.put('small', Buffer.from('1'));
    await store.delete('small');
    return { failure, keys, left };
  },
  readOnly: async () => ({
    create: await failureOf(store.put('new/object', Buffer.from('1'), { ifAbsent: true })),
    overwrite: await failureOf(store.put(key, Buffer.from('1'))),
    delete: await failureOf(store.delete(key)),
    read: await textOf(await store.get(key)),
    keys: await keysOf(store),
  }),
};

say('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
say(JSON.stringify((await commands[command]?.()) ?? null));

async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  for (let written = 0; written < bytes; written += MIB) yield Buffer.alloc(MIB);
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BackupError)) return String(error);
  return { code: error.code, message: error.message, hint: error.hint, retryable: error.retryable };
}

/** Until killed: a pending promise alone would let the process end. */
function forever(): Promise<never> {
  setInterval(() => {}, 1 << 30);
  return new Promise(() => {});
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
