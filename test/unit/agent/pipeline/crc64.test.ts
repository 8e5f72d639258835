import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJonesCrc64 } from '../../../../agent/pipeline/crc64.ts';
import { crc64 } from '../../../support/rdb-bytes.ts';

async function digestOf(...chunks: Uint8Array[]): Promise<bigint> {
  const crc = await createJonesCrc64();
  for (const chunk of chunks) crc.update(chunk);
  return crc.digest();
}

describe('CRC-64 of Redis', () => {
  // The value that crc64.c of Redis checks itself with.
  it('of 123456789 is the known one', async () => {
    expect(await digestOf(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
    expect(crc64(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
  });

  it('of nothing is 0', async () => expect(await digestOf()).toBe(0n));

  it('is that of the definition, in any chunks', async () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), async (chunks) => {
        expect(await digestOf(...chunks)).toBe(crc64(Buffer.concat(chunks)));
      }),
    );
  });

  it('of one stream does not disturb that of another', async () => {
    const [one, other] = [await createJonesCrc64(), await createJonesCrc64()];
    one.update(Buffer.from('1234'));
    other.update(Buffer.from('something else'));
    one.update(Buffer.from('56789'));
    expect(one.digest()).toBe(0xe9c6d914c4b8d9can);
  });
});
