import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ahead, copied, packed } from '../../../../agent/pipeline/chunks.ts';
import { chunked, collect, failing, reusing } from '../../../support/bytes.ts';
import { eventually } from '../../../support/eventually.ts';

const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

describe('packed', () => {
  it('makes chunks of one size of any chunks, and loses none', async () => {
    const cuts = fc.array(fc.nat(BYTES.length), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 1200 }), async (offsets, size) => {
        const sizes: number[] = [];
        const found: Buffer[] = [];
        for await (const chunk of packed(chunked(BYTES, offsets), size)) {
          sizes.push(chunk.length);
          found.push(Buffer.from(chunk));
        }
        expect(Buffer.concat(found).equals(BYTES)).toBe(true);
        expect(sizes.slice(0, -1).every((length) => length === size)).toBe(true);
      }),
    );
  });

  it('gives nothing of nothing', async () =>
    expect(await collect(packed(chunked(Buffer.alloc(0)), 10))).toHaveLength(0));

  it('leaves a chunk as it is until the one after the next is asked for', async () => {
    const chunks = packed(reusing(BYTES, 70), 100);
    const first = (await chunks.next()).value;
    const second = (await chunks.next()).value;
    expect([first, second]).toEqual([BYTES.subarray(0, 100), BYTES.subarray(100, 200)]);
    await chunks.return();
  });
});

describe('ahead', () => {
  it('asks for the next chunk as soon as the last one was given, and for no more', async () => {
    let asked = 0;
    async function* counting() {
      for (;;) {
        asked += 1;
        yield Buffer.from([asked]);
      }
    }
    const chunks = ahead(counting());
    expect(asked).toBe(0);
    expect((await chunks.next()).value).toEqual(Buffer.from([1]));
    await eventually(() => expect(asked).toBe(2));
    expect((await chunks.next()).value).toEqual(Buffer.from([2]));
    await eventually(() => expect(asked).toBe(3));
    await chunks.return();
    expect(asked).toBe(3);
  });

  it('gives all chunks before the error of its source', async () => {
    const error = new Error('gone');
    const chunks = ahead(failing(BYTES, error));
    expect((await chunks.next()).value).toEqual(BYTES);
    await expect(chunks.next()).rejects.toBe(error);
  });

  it('keeps an error until somebody asks for the chunk that it came instead of', async () => {
    const error = new Error('gone');
    const chunks = ahead(failing(BYTES, error));
    expect((await chunks.next()).value).toEqual(BYTES);
    // Nobody awaits the rejection yet, which would end the process.
    await setTimeout(10);
    await expect(chunks.next()).rejects.toBe(error);
  });

  it('ends a source that it is left of, and hides an error that nobody waits for', async () => {
    const chunks = ahead(failing(BYTES, new Error('nobody waits for this')));
    for await (const chunk of chunks) {
      expect(chunk).toEqual(BYTES);
      break;
    }
    await setTimeout(10);
  });

  it('does not wait for a source that is stuck', async () => {
    async function* stuck() {
      yield BYTES;
      await new Promise(() => {});
    }
    for await (const chunk of ahead(stuck())) {
      expect(chunk).toEqual(BYTES);
      break;
    }
  });
});

it("copied chunks are their owner's", async () => {
  expect((await collect(copied(reusing(BYTES, 64)))).equals(BYTES)).toBe(true);
});
