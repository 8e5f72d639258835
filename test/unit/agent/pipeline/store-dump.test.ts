import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Compression } from '../../../../agent/pipeline/codec.ts';
import { type StoreDumpRequest, storeDump } from '../../../../agent/pipeline/store-dump.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { chunked, failing, flipBit } from '../../../support/bytes.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { rdbFile } from '../../../support/rdb-bytes.ts';

const KEY = 'daily/falkordb/x/run/dump.rdb';
const FILE = rdbFile({ body: Buffer.alloc(200_000, 'graph') });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

function send(overrides: Partial<StoreDumpRequest> = {}) {
  return storeDump({
    store,
    key: KEY,
    compression: 'zstd',
    dump: chunked(FILE, [9, 70_000]),
    dumpName: 'the dump of the test',
    maxBytes: FILE.length,
    sizeBytes: Promise.resolve(undefined),
    onProgress: () => {},
    signal: new AbortController().signal,
    ...overrides,
  });
}

describe.each<Compression>(['zstd', 'none'])('storeDump with %s', (compression) => {
  it('stores the dump and returns what it saw of it', async () => {
    const { rdb, stored } = await send({ compression });
    expect(rdb).toMatchObject({ bytes: FILE.length, sha256: sha256(FILE), checksum: 'verified' });
    const content = store.content(KEY) ?? Buffer.alloc(0);
    expect(stored).toEqual({ key: KEY, bytes: content.length, sha256: sha256(content) });
    expect(content.equals(FILE)).toBe(compression === 'none');
  });

  it('tells how many plain bytes went by', async () => {
    const progress: number[] = [];
    await send({ compression, onProgress: (done) => void progress.push(done) });
    expect(progress).toEqual([9, 70_000, FILE.length]);
  });

  it.each([
    ['cut short', FILE.subarray(0, -1)],
    ['cut in the middle', FILE.subarray(0, 100_000)],
    ['cut in its header', FILE.subarray(0, 12)],
    ['with a flipped bit', flipBit(FILE, 800_000)],
    ['empty', Buffer.alloc(0)],
    ['of another format', Buffer.from('<html></html>')],
  ])('leaves nothing of a dump that is %s', async (_, bytes) => {
    const error = { code: 'integrity', message: expect.stringContaining('the dump of the test') };
    await expect(send({ compression, dump: chunked(bytes) })).rejects.toMatchObject(error);
    expect(store.keys).toEqual([]);
  });

  it('leaves nothing, and passes the error on, where the dump fails half-way', async () => {
    const error = new BackupError('database-unreachable', 'FalkorDB hung up.');
    await expect(send({ compression, dump: failing(FILE.subarray(0, 50_000), error) })).rejects.toBe(error);
    expect(store.keys).toEqual([]);
  });

  it('leaves nothing where it is stopped, even while it waits for the dump', async () => {
    const stop = new AbortController();
    const reason = new BackupError('deadline', 'too late');
    async function* stuck() {
      yield FILE.subarray(0, 50_000);
      queueMicrotask(() => stop.abort(reason));
      await new Promise(() => {});
    }
    await expect(send({ compression, dump: stuck(), signal: stop.signal })).rejects.toBe(reason);
    expect(store.keys).toEqual([]);
  });
});

describe('storeDump', () => {
  it('refuses to write over what is there', async () => {
    store.overwrite(KEY, Buffer.from('from another run'));
    await expect(send()).rejects.toMatchObject({ code: 'store-precondition-failed' });
    expect(store.content(KEY)?.toString()).toBe('from another run');
  });

  it.each([
    ['another size', { bytes: 7 }],
    ['another etag', { etag: 'of somebody else' }],
  ])('throws integrity where the store then says %s', async (_, difference) => {
    const head = store.head.bind(store);
    store.head = async (key) => ({ ...(await head(key)), ...difference });
    await expect(send()).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(new RegExp(`${KEY}.*${store.url}`)),
      hint: expect.stringContaining('Nothing was committed'),
    });
  });

  it('does not believe a store that took less than it was given', async () => {
    const put = store.put.bind(store);
    store.put = (key) => put(key, Buffer.from('half'));
    await expect(send()).rejects.toThrow('without reading it to its end');
  });

  it('tells the store how large the dump may be', async () => {
    const bounds: (number | undefined)[] = [];
    const put = store.put.bind(store);
    store.put = (key, body, options) => {
      bounds.push(options?.maxBytes);
      return put(key, body, options);
    };
    await send({ maxBytes: 2 ** 40 });
    expect(bounds).toEqual([2 ** 40]);
  });
});
