import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RdbFacts, RdbInspector } from '../../../../agent/pipeline/rdb-inspector.ts';
import { chunked, flipBit } from '../../../support/bytes.ts';
import { crc64, rdbFile } from '../../../support/rdb-bytes.ts';

const NAME = 'the dump of the test';
const FILE = rdbFile();
const NO_CHECKSUM = rdbFile({ checksum: 'zeroes' });

async function inspect(bytes: Uint8Array, offsets: number[] = []): Promise<RdbFacts> {
  const inspector = await RdbInspector.create(NAME);
  for await (const chunk of chunked(bytes, offsets)) inspector.update(chunk);
  expect(inspector.bytes).toBe(bytes.length);
  return inspector.end();
}

async function refuses(bytes: Uint8Array, check: string | RegExp): Promise<void> {
  await expect(inspect(bytes)).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(check),
    hint: expect.stringContaining('Do not load it'),
  });
  await expect(inspect(bytes)).rejects.toThrow(NAME);
}

describe('a whole dump', () => {
  it('is told by its facts', async () => {
    expect(await inspect(FILE)).toEqual({
      header: { version: 12, aux: expect.objectContaining({ size: 4 }) },
      bytes: FILE.length,
      sha256: createHash('sha256').update(FILE).digest('hex'),
      checksum: 'verified',
    });
    expect((await inspect(FILE)).header.aux.get('ctime')).toBe('1795314600');
  });

  it('gives the same facts in any chunks', async () => {
    const whole = await inspect(FILE);
    const offsets = fc.array(fc.nat(FILE.length), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(offsets, async (cuts) => {
        expect(await inspect(FILE, cuts)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
    expect(await inspect(FILE, [...FILE.keys()])).toEqual(whole);
  });

  it('is larger than what is kept of it', async () => {
    const large = rdbFile({ body: Buffer.alloc(300_000, 'graph') });
    expect(await inspect(large, [70_000, 70_001, 200_000])).toMatchObject({
      bytes: large.length,
      checksum: 'verified',
    });
  });

  it('may have no checksum: then it ends with zeroes', async () => {
    expect(await inspect(NO_CHECKSUM)).toMatchObject({ checksum: 'disabled', bytes: NO_CHECKSUM.length });
  });
});

describe('damage', () => {
  it('of any single bit is found', async () => {
    for (let bit = 0; bit < FILE.length * 8; bit += 1) {
      await expect(inspect(flipBit(FILE, bit)), `bit ${bit}`).rejects.toMatchObject({ code: 'integrity' });
    }
  });

  it('by a cut is found at every length', async () => {
    for (const file of [FILE, NO_CHECKSUM]) {
      for (let length = 0; length < file.length; length += 1) {
        await expect(inspect(file.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'integrity' });
      }
    }
  });

  it('by bytes too many, too few or swapped is found', async () => {
    const anywhere = fc.nat(FILE.length);
    await fc.assert(
      fc.asyncProperty(anywhere, anywhere, fc.uint8Array({ maxLength: 20 }), async (from, to, instead) => {
        const damaged = Buffer.concat([
          FILE.subarray(0, Math.min(from, to)),
          instead,
          FILE.subarray(Math.max(from, to)),
        ]);
        fc.pre(!damaged.equals(FILE));
        await expect(inspect(damaged)).rejects.toMatchObject({ code: 'integrity' });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['nothing at all', Buffer.alloc(0), 'the dump is empty'],
    ['a magic alone', Buffer.from('REDIS0012'), 'RDB header: the dump ends before'],
    ['an error page', Buffer.from('<html><body>502 Bad Gateway</body></html>'), 'RDB header: it does not start'],
    ['no end', FILE.subarray(0, -9), 'RDB trailer'],
    ['another checksum', flipBit(FILE, FILE.length * 8 - 1), 'RDB checksum'],
    ['a flipped byte in the middle', flipBit(FILE, (FILE.length - 12) * 8), 'RDB checksum'],
    [
      'a header without an end',
      Buffer.concat([Buffer.from('REDIS0012'), endlessFields()]),
      'RDB header: it does not end',
    ],
  ])('is named: %s', (_, bytes, check) => refuses(bytes, check));

  it('shows at once where the first bytes are of no dump', async () => {
    const inspector = await RdbInspector.create(NAME);
    expect(() => inspector.update(Buffer.from('HTTP/1.1 200 OK'))).toThrow(
      expect.objectContaining({ code: 'integrity' }),
    );
  });

  it('is not hidden by a trailer of zeroes without the end mark before it', () =>
    refuses(Buffer.concat([FILE.subarray(0, -9), Buffer.alloc(9)]), 'RDB trailer'));

  it('is not hidden by a right checksum without the end mark before it', () => {
    const content = FILE.subarray(0, -9);
    const trailer = Buffer.alloc(8);
    trailer.writeBigUInt64LE(crc64(content));
    return refuses(Buffer.concat([content, trailer]), 'RDB trailer');
  });
});

function endlessFields(): Buffer {
  return Buffer.alloc(80_000, Buffer.from([0xfa, 1, 0x61, 1, 0x62]));
}
