import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holdBackTail } from '../../../../../agent/falkordb/master/tail.ts';

it('passes everything on but the last bytes, in order, whatever the size of the chunks', async () => {
  const chunk = fc.uint8Array({ maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), fc.integer({ min: 0, max: 20 }), async (chunks, tailBytes) => {
      const passed: Uint8Array[] = [];
      const tail = await holdBackTail(from(chunks), tailBytes, async (bytes) => void passed.push(Buffer.from(bytes)));
      const all = Buffer.concat(chunks);
      const split = Math.max(0, all.length - tailBytes);
      expect(Buffer.concat(passed)).toEqual(all.subarray(0, split));
      expect(Buffer.from(tail)).toEqual(all.subarray(split));
      expect(passed.every(({ length }) => length > 0)).toBe(true);
    }),
  );
});

it('passes on what the source throws', async () => {
  async function* broken() {
    yield Buffer.from('abc');
    throw new Error('broken');
  }
  await expect(holdBackTail(broken(), 16, async () => {})).rejects.toThrow('broken');
});

async function* from(chunks: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}
