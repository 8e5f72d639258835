import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compression, compress, decompress } from '../../../../agent/pipeline/codec.ts';
import { chunked, collect, failing, flipBit, reusing } from '../../../support/bytes.ts';

const KEY = 'daily/falkordb/x/dump.rdb.zst';
const PLAIN = Buffer.from('a graph of some size, '.repeat(2000));
const KINDS: Compression[] = ['zstd', 'none'];

const squeeze = (bytes: Uint8Array, compression: Compression = 'zstd', cuts: number[] = []) =>
  collect(compress(chunked(bytes, cuts), compression));
const unsqueeze = (bytes: Uint8Array, compression: Compression = 'zstd', cuts: number[] = []) =>
  collect(decompress(chunked(bytes, cuts), compression, KEY));

describe.each(KINDS)('%s', (compression) => {
  it('gives back what went in, in any chunks', async () => {
    const cuts = fc.array(fc.nat(1000), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1000 }), cuts, cuts, async (bytes, before, after) => {
        const stored = await squeeze(
          bytes,
          compression,
          before.map((cut) => Math.min(cut, bytes.length)),
        );
        const plain = await unsqueeze(
          stored,
          compression,
          after.map((cut) => Math.min(cut, stored.length)),
        );
        expect(plain.equals(bytes)).toBe(true);
      }),
    );
  });

  it('gives back megabytes', async () => {
    const bytes = Buffer.concat([Buffer.alloc(3_000_000, 7), PLAIN, crypto.getRandomValues(new Uint8Array(60_000))]);
    const stored = await squeeze(bytes, compression, [1_000_000, 1_000_001]);
    expect((await unsqueeze(stored, compression, [10, 20_000])).equals(bytes)).toBe(true);
  });

  it.each([10_000, 65_536, 1_048_576, 9_500_000])(
    'gives back what a source of chunks of %d bytes had in a buffer that it uses again',
    async (chunkBytes) => {
      // So much that each buffer on the way is used several times.
      const bytes = randomBytes(30_000_001);
      const stored: Uint8Array[] = [];
      for await (const chunk of compress(reusing(bytes, chunkBytes), compression)) {
        // Kept until the end, as an upload keeps a part; slowly, so that the source could run ahead.
        stored.push(chunk);
        await setImmediate();
      }
      expect((await unsqueeze(Buffer.concat(stored), compression)).equals(bytes)).toBe(true);
    },
  );

  it('passes an error of the source on as it is, in both directions', async () => {
    const error = new Error('the source is gone');
    await expect(collect(compress(failing(PLAIN, error), compression))).rejects.toBe(error);
    const stored = await squeeze(PLAIN, compression);
    await expect(collect(decompress(failing(stored.subarray(0, 50), error), compression, KEY))).rejects.toBe(error);
  });

  it.each(['compress', 'decompress'] as const)('ends the source of %s that is left early', async (direction) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const stored = direction === 'compress' ? bytes : await squeeze(bytes, compression);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    async function* endless() {
      try {
        for (;;) yield stored;
      } finally {
        end();
      }
    }
    const source =
      direction === 'compress' ? compress(endless(), compression) : decompress(endless(), compression, KEY);
    for await (const chunk of source) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await ended;
  });
});

describe('zstd', () => {
  it('makes it smaller', async () => expect((await squeeze(PLAIN)).length).toBeLessThan(PLAIN.length / 10));

  it.each([
    ['nothing', () => Buffer.alloc(0)],
    ['another format', () => PLAIN],
    ['a stream without its last byte', (stored: Buffer) => stored.subarray(0, -1)],
    ['half a stream', (stored: Buffer) => stored.subarray(0, stored.length / 2)],
    ['a single byte', (stored: Buffer) => stored.subarray(0, 1)],
    ['a wrong magic number', (stored: Buffer) => flipBit(stored, 0)],
    ['a wrong checksum', (stored: Buffer) => flipBit(stored, stored.length * 8 - 1)],
  ])('throws integrity for %s, naming the object', async (_, damage) => {
    const damaged = damage(await squeeze(PLAIN));
    await expect(unsqueeze(damaged)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(KEY),
      cause: expect.any(Error),
    });
  });

  it('never gives out other bytes as a whole stream, whichever bit flips', async () => {
    const bytes = Buffer.from('some bytes of a graph, some bytes of a graph, some more');
    const stored = await squeeze(bytes);
    for (let bit = 0; bit < stored.length * 8; bit += 1) {
      const plain = await unsqueeze(flipBit(stored, bit)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'integrity' });
        return bytes;
      });
      expect(plain.equals(bytes), `bit ${bit}`).toBe(true);
    }
  });
});
