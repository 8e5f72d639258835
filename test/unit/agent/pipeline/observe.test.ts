import { describe, expect, it } from 'vitest';
import { Digest, observe } from '../../../../agent/pipeline/observe.ts';
import { chunked, collect } from '../../../support/bytes.ts';
import { SHA_OF_NOTHING } from '../../../support/example-manifest.ts';

describe('observe', () => {
  it('shows every chunk before it passes it on, and no sooner than it is asked for', async () => {
    const seen: number[] = [];
    const source = observe(chunked(Buffer.from('abcdef'), [1, 3]), ({ length }) => void seen.push(length));
    expect(seen).toEqual([]);
    for await (const { length } of source) expect(seen.at(-1)).toBe(length);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('fails where the observer does', async () => {
    const source = observe(chunked(Buffer.from('abc')), () => {
      throw new Error('seen enough');
    });
    await expect(collect(source)).rejects.toThrow('seen enough');
  });
});

describe('Digest', () => {
  it('returns size and SHA-256 of all that went by', () => {
    expect(new Digest().end()).toEqual({ bytes: 0, sha256: SHA_OF_NOTHING });
    const digest = new Digest();
    for (const part of ['a', '', 'bc']) digest.update(Buffer.from(part));
    expect(digest.end()).toEqual({
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });
});
