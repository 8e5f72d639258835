import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, hasCode } from '../../core/model/errors.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { bytesOf, increment, keysOf, text, textOf } from './object-helpers.ts';

const MIB = 1024 * 1024;
const BAD_KEYS = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.hidden',
  'a/../b',
  '..',
  'a/.b',
  'a b',
  'a\\b',
  'ä',
  'a\n',
  'a\0',
  'x'.repeat(1001),
];

export interface StoreUnderTest {
  store: ObjectStore;
  /** A second handle on the same objects, as another process would have. */
  openAnother(): ObjectStore;
  cleanUp(): Promise<void>;
}

/** What every store must do, refusals included; nothing here may depend on what keeps the objects. */
export function objectStoreConformance(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an object store`, () => {
    let tested: StoreUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      tested = await makeStore();
      store = tested.store;
    });
    afterEach(() => tested.cleanUp());

    const keys = (prefix?: string, startAfter?: string) => keysOf(store, prefix, startAfter);
    const read = async (key: string) => textOf(await store.get(key));

    describe('round trips', () => {
      it.each([
        ['an empty body', 0],
        ['one byte', 1],
        ['1 MiB', MIB],
        ['1 MiB and a byte', MIB + 1],
        ['several MiB', 5 * MIB + 123],
        ['more than S3 takes in one part', 17 * MIB + 1],
      ])('keeps %s, whole or streamed', async (_, bytes) => {
        const content = pattern(bytes);
        for (const [key, body] of [
          ['whole/object', content],
          ['streamed/object', stream(content)],
        ] as const) {
          const put = await store.put(key, body, { maxBytes: bytes });
          expect(put).toMatchObject({ key, bytes });
          const got = await store.get(key);
          expect(got.info).toMatchObject(put);
          expect((await bytesOf(got)).equals(content)).toBe(true);
          expect(await store.head(key)).toEqual(got.info);
        }
        expect(await keys()).toEqual(['streamed/object', 'whole/object']);
      });

      it('says when an object was written', async () => {
        await store.put('a', text('1'));
        const { modifiedAt } = await store.head('a');
        expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
        for await (const info of store.list('')) {
          expect(info).toMatchObject({ key: 'a', bytes: 1 });
          // HTTP's own dates are whole seconds.
          expect(Math.abs(info.modifiedAt.getTime() - modifiedAt.getTime())).toBeLessThan(1000);
        }
      });

      it.each([100, 2 * MIB])('overwrites %i bytes, with another etag', async (bytes) => {
        const first = await store.put('a/b', pattern(bytes));
        const second = await store.put('a/b', pattern(bytes, 7));
        expect(second.etag).not.toBe(first.etag);
        expect((await bytesOf(await store.get('a/b'))).equals(pattern(bytes, 7))).toBe(true);
      });

      it('reads on undisturbed while the object is overwritten and deleted', async () => {
        const content = pattern(4 * MIB);
        await store.put('a', content);
        const opened = await store.get('a');
        await store.put('a', text('new'));
        await store.delete('a');
        expect((await bytesOf(opened)).equals(content)).toBe(true);
      });

      it('lets a body be abandoned before, and in the middle of, reading', async () => {
        await store.put('a', pattern(4 * MIB));
        await (await store.get('a')).body[Symbol.asyncIterator]().return?.();
        for await (const chunk of (await store.get('a')).body) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
        expect((await bytesOf(await store.get('a'))).length).toBe(4 * MIB);
      });
    });

    describe('ranges', () => {
      it.each([10, 3 * MIB])('reads parts of %i bytes', async (bytes) => {
        const content = pattern(bytes);
        await store.put('a', content);
        for (const range of [
          { start: 0 },
          { start: 3 },
          { start: 0, end: 1 },
          { start: 2, end: 7 },
          { start: bytes - 1 },
          { start: bytes - 5, end: bytes - 1 },
          { start: 4, end: bytes + 1000 },
        ]) {
          const part = await store.get('a', { range });
          expect(part.info.bytes).toBe(bytes);
          expect((await bytesOf(part)).equals(content.subarray(range.start, range.end))).toBe(true);
        }
      });

      it('has nothing to give for an empty range and past the end', async () => {
        await store.put('a', text('abc'));
        for (const range of [{ start: 1, end: 1 }, { start: 3 }, { start: 9, end: 12 }]) {
          expect(await textOf(await store.get('a', { range }))).toBe('');
        }
      });

      it.each([{ start: -1 }, { start: 2, end: 1 }, { start: 0.5 }, { start: Number.NaN }])(
        'refuses %j',
        async (range) => {
          await store.put('a', text('abc'));
          await expect(store.get('a', { range })).rejects.toThrow();
        },
      );
    });

    describe('create-only', () => {
      it('creates what is absent and leaves alone what is there', async () => {
        await store.put('a/b', text('old'), { ifAbsent: true });
        await refuses('store-precondition-failed', store.put('a/b', text('new'), { ifAbsent: true }));
        await refuses('store-precondition-failed', store.put('a/b', stream(pattern(2 * MIB)), { ifAbsent: true }));
        expect(await read('a/b')).toBe('old');
        expect(await keys()).toEqual(['a/b']);
      });

      it('creates again after a delete', async () => {
        await store.put('a', text('1'), { ifAbsent: true });
        await store.delete('a');
        await store.put('a', text('2'), { ifAbsent: true });
        expect(await read('a')).toBe('2');
      });

      it('lets exactly one of 20 win', async () => {
        const another = tested.openAnother();
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            (index % 2 ? store : another).put('new/folder/a', text(`writer ${index}`), { ifAbsent: true }),
          ),
        );
        const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
        expect(winners).toHaveLength(1);
        expect(await read('new/folder/a')).toBe(`writer ${winners[0]}`);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(hasCode(outcome.reason, 'store-precondition-failed')).toBe(true);
        }
      });
    });

    describe('compare-and-swap', () => {
      it('writes over what it has seen and refuses over anything else', async () => {
        const first = await store.put('a', text('1'));
        const second = await store.put('a', text('2'), { ifMatch: first.etag });
        await refuses('store-precondition-failed', store.put('a', text('3'), { ifMatch: first.etag }));
        expect(await read('a')).toBe('2');
        expect((await store.head('a')).etag).toBe(second.etag);
      });

      it('refuses where there is nothing', async () => {
        const { etag } = await store.put('a', text('1'));
        await store.delete('a');
        await refuses('store-precondition-failed', store.put('a', text('2'), { ifMatch: etag }));
        await refuses('store-precondition-failed', store.put('b/c', text('2'), { ifMatch: etag }));
        expect(await keys()).toEqual([]);
      });

      it('can never both create and replace', async () => {
        const { etag } = await store.put('a', text('1'));
        await refuses('store-precondition-failed', store.put('a', text('2'), { ifMatch: etag, ifAbsent: true }));
        expect(await read('a')).toBe('1');
      });

      it('loses no increment of concurrent writers', async () => {
        const writers = 8;
        const increments = 5;
        await store.put('counter', text('0'));
        await Promise.all(
          Array.from({ length: writers }, async (_, index) => {
            const handle = index % 2 ? store : tested.openAnother();
            for (let done = 0; done < increments; done += 1) await increment(handle, 'counter', writers * increments);
          }),
        );
        expect(await read('counter')).toBe(String(writers * increments));
      });
    });

    describe('what fails half-way', () => {
      it('passes the error of the body on and leaves nothing', async () => {
        const failure = Object.assign(new Error('the source is gone'), { code: 'ENOENT' });
        await expect(store.put('a/b', failing(failure))).rejects.toBe(failure);
        await refuses('store-not-found', store.head('a/b'));
        expect(await keys()).toEqual([]);
      });

      it('leaves the old content', async () => {
        await store.put('a', text('old'));
        await expect(store.put('a', failing(new Error('gone')))).rejects.toThrow('gone');
        expect(await read('a')).toBe('old');
      });

      it('stops at an abort, even of a body that never goes on', async () => {
        const controller = new AbortController();
        const stuck = (async function* () {
          yield pattern(MIB);
          queueMicrotask(() => controller.abort());
          await new Promise(() => {});
        })();
        await refuses('interrupted', store.put('a/b', stuck, { signal: controller.signal }));
        expect(await keys()).toEqual([]);
      });

      it('does not begin with an aborted signal', async () => {
        const signal = AbortSignal.abort();
        await refuses('interrupted', store.put('a', text('1'), { signal }));
        await refuses('store-not-found', store.head('a'));
        await store.put('a', text('1'));
        await refuses('interrupted', store.get('a', { signal }));
      });

      it('stops reading at an abort', async () => {
        await store.put('a', pattern(8 * MIB));
        const controller = new AbortController();
        const { body } = await store.get('a', { signal: controller.signal });
        const reading = (async () => {
          for await (const _ of body) controller.abort();
        })();
        await refuses('interrupted', reading);
      });

      it('ends a body that it does not read to the end', async () => {
        const controller = new AbortController();
        let ended = false;
        const body = (async function* () {
          try {
            while (true) {
              yield pattern(1000);
              controller.abort();
            }
          } finally {
            ended = true;
          }
        })();
        await refuses('interrupted', store.put('a', body, { signal: controller.signal }));
        await setImmediate();
        expect(ended).toBe(true);
      });
    });

    describe('list', () => {
      // In the order of bytes: "-" and "." come before "/", capitals before "_" before small letters.
      const ordered = ['A', 'a-b/x', 'a.txt', 'a/b/c', 'a/x', 'a0', 'a=', 'aB', 'a_/y', 'ab', 'b/1/2/3', 'z'];

      it('is empty where nothing was written', async () => expect(await keys()).toEqual([]));

      it('goes by the bytes of whole keys', async () => {
        await putAll([...ordered].reverse());
        expect(await keys()).toEqual(ordered);
      });

      it.each(['a', 'a/', 'a/b', 'a/b/c', 'a-', 'b/1/2', 'b/1/2/3', 'b/1/2/3/', 'q', '/', '../', './', 'a//', 'a/../'])(
        'finds what starts with %j',
        async (prefix) => {
          await putAll(ordered);
          expect(await keys(prefix)).toEqual(ordered.filter((key) => key.startsWith(prefix)));
        },
      );

      it.each([...ordered, 'a', 'a/', 'a/b', 'a/b/', 'a/b/cc', 'b', 'b/1/2/4', '0', 'zz'])(
        'goes on after %j',
        async (startAfter) => {
          await putAll(ordered);
          expect(await keys('', startAfter)).toEqual(ordered.filter((key) => key > startAfter));
          const below = ordered.filter((key) => key > startAfter && key.startsWith('a/'));
          expect(await keys('a/', startAfter)).toEqual(below);
        },
      );

      it('goes beyond a page of 1,000', async () => {
        const many = Array.from({ length: 1005 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
        await putAll(many);
        expect(await keys('many/')).toEqual(many);
        expect(await keys('many/', many[999])).toEqual(many.slice(1000));
      }, 60_000);

      it('can be left early', async () => {
        await putAll(['a', 'b', 'c']);
        for await (const { key } of store.list('')) {
          expect(key).toBe('a');
          break;
        }
      });

      async function putAll(all: string[]) {
        const left = [...all];
        const putNext = async () => {
          for (let key = left.pop(); key !== undefined; key = left.pop()) {
            await store.put(key, text(key), { ifAbsent: true });
          }
        };
        await Promise.all(Array.from({ length: 20 }, putNext));
      }
    });

    describe('delete', () => {
      it('removes the object and only that, and may be repeated', async () => {
        for (const key of ['a/b/c', 'a/b/d', 'a/e']) await store.put(key, text(key));
        await store.delete('a/b/c');
        await store.delete('a/b/c');
        expect(await keys()).toEqual(['a/b/d', 'a/e']);
        await store.delete('a/b');
        await store.delete('a/b/d/x');
        await store.delete('a/b/d');
        expect(await keys()).toEqual(['a/e']);
        await refuses('store-not-found', store.head('a/b/c'));
      });

      it('succeeds where nothing was ever written', () => store.delete('a/b'));

      it('does not disturb those who create beside it', async () => {
        const another = tested.openAnother();
        await Promise.all(
          Array.from({ length: 12 }, async (_, index) => {
            const handle = index % 2 ? store : another;
            for (let round = 0; round < 5; round += 1) {
              await handle.put(`deep/er/${index}`, text('1'), { ifAbsent: round % 2 === 0 });
              await handle.delete(`deep/er/${index}`);
            }
          }),
        );
        expect(await keys()).toEqual([]);
      });
    });

    describe('refusals', () => {
      it.each(BAD_KEYS)('takes no key %j', async (key) => {
        await refuses('store-invalid-key', store.put(key, text('1')));
        await refuses('store-invalid-key', store.put(key, text('1'), { ifAbsent: true }));
        await refuses('store-invalid-key', store.get(key));
        await refuses('store-invalid-key', store.head(key));
        await refuses('store-invalid-key', store.delete(key));
        expect(await keys()).toEqual([]);
      });

      it('says what was not found, where, and that trying again is no use', async () => {
        await store.put('a/b', text('1'));
        for (const key of ['x', 'a', 'a/b/c', 'a/x']) {
          for (const error of [
            await refuses('store-not-found', store.get(key)),
            await refuses('store-not-found', store.head(key)),
          ]) {
            expect(error.message).toContain(key);
            expect(error.message).toContain(store.url);
            expect(error.retryable).toBe(false);
          }
        }
      });
    });
  });
}

export async function refuses(code: ErrorCode, promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!hasCode(error, code)) expect(error).toMatchObject({ code });
  if (!hasCode(error, code)) throw new Error(`Expected ${code}.`);
  return error;
}

function pattern(bytes: number, seed = 0): Buffer {
  const content = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 1) content[index] = (index * 31 + (index >> 8) + seed) & 0xff;
  return content;
}

async function* stream(content: Uint8Array, chunkBytes = 100_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += chunkBytes) yield content.subarray(start, start + chunkBytes);
}

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield pattern(2 * MIB);
  throw error;
}
