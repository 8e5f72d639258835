import { beforeEach, describe, expect, it } from 'vitest';
import type { Compression } from '../../../../agent/pipeline/codec.ts';
import { readDump } from '../../../../agent/pipeline/read-dump.ts';
import { storeDump } from '../../../../agent/pipeline/store-dump.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import type { Manifest } from '../../../../core/model/manifest.ts';
import { chunked, collect, flipBit } from '../../../support/bytes.ts';
import { eventually } from '../../../support/eventually.ts';
import { exampleManifest } from '../../../support/example-manifest.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { rdbFile } from '../../../support/rdb-bytes.ts';

// What cannot be compressed keeps its size. It starts with the number of a database, as no header field does.
const randomFile = () =>
  rdbFile({ body: Buffer.concat([Buffer.from([0xfe, 0]), crypto.getRandomValues(Buffer.alloc(60_000))]) });
const FILE = randomFile();

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

async function backUp(compression: Compression, file = FILE): Promise<Manifest> {
  const manifest = exampleManifest();
  const { rdb, stored } = await storeDump({
    store,
    key: manifest.stored.key,
    compression,
    dump: chunked(file),
    dumpName: 'the dump',
    maxBytes: file.length,
    sizeBytes: Promise.resolve(undefined),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  const { bytes, sha256, checksum } = rdb;
  return {
    ...manifest,
    rdb: { ...manifest.rdb, bytes, sha256, checksum },
    stored: { ...stored, compression, encryption: 'none' },
  };
}

function read(manifest: Manifest, onProgress: (bytes: number) => void = () => {}, signal = AbortSignal.any([])) {
  return readDump(store, manifest, { onProgress, signal });
}

async function refuses(manifest: Manifest, check: string): Promise<void> {
  await expect(collect(read(manifest))).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(new RegExp(`${manifest.stored.key}.*${check}`)),
    hint: expect.stringMatching(/[Uu]se another backup/),
  });
  expect(store.openBodies).toBe(0);
}

describe.each<Compression>(['zstd', 'none'])('readDump of %s', (compression) => {
  const checkOfFlip = { zstd: 'decompression failed', none: 'SHA-256 of the stored bytes' }[compression];

  it('returns the plain bytes', async () => {
    const manifest = await backUp(compression);
    expect((await collect(read(manifest))).equals(FILE)).toBe(true);
    expect(store.openBodies).toBe(0);
  });

  it('tells how many stored bytes were read', async () => {
    const manifest = await backUp(compression);
    const progress: number[] = [];
    await collect(read(manifest, (bytes) => void progress.push(bytes)));
    expect(progress.at(-1)).toBe(manifest.stored.bytes);
  });

  it('throws integrity where the object is missing', async () => {
    const manifest = await backUp(compression);
    await store.delete(manifest.stored.key);
    await refuses(manifest, 'is missing, though its manifest exists');
  });

  it.each([
    ['shorter', (content: Buffer) => content.subarray(0, -1)],
    ['empty', () => Buffer.alloc(0)],
    ['longer', (content: Buffer) => Buffer.concat([content, Buffer.alloc(1)])],
  ])('throws integrity where the object is %s, before it reads it', async (_, damage) => {
    const manifest = await backUp(compression);
    store.overwrite(manifest.stored.key, damage(store.content(manifest.stored.key) ?? Buffer.alloc(0)));
    await refuses(manifest, 'stored size is \\d+, the manifest says \\d+');
  });

  it('throws integrity where a bit has flipped', async () => {
    const manifest = await backUp(compression);
    store.overwrite(manifest.stored.key, flipBit(store.content(manifest.stored.key) ?? Buffer.alloc(0), 30_000 * 8));
    await refuses(manifest, checkOfFlip);
  });

  it('throws integrity where another whole dump of the same size lies there', async () => {
    const manifest = await backUp(compression);
    await store.delete(manifest.stored.key);
    const other = await backUp(compression, randomFile());
    expect(other.stored.bytes).toBe(manifest.stored.bytes);
    await refuses(manifest, 'SHA-256 of the stored bytes');
  });

  it.each([
    ['plain size', { bytes: 7 }],
    ['SHA-256 of the plain bytes', { sha256: '0'.repeat(64) }],
  ])('throws integrity where the manifest has another %s', async (check, wrong) => {
    const manifest = await backUp(compression);
    await refuses({ ...manifest, rdb: { ...manifest.rdb, ...wrong } }, check);
  });

  it('passes the failures of the store on as they are', async () => {
    const manifest = await backUp(compression);
    const error = new BackupError('store-unavailable', 'The network is down.');
    store.get = () => Promise.reject(error);
    await expect(collect(read(manifest))).rejects.toBe(error);
  });

  it('stops when it is told to, and leaves nothing open', async () => {
    const manifest = await backUp(compression);
    const reason = new BackupError('interrupted', 'Stopped.');
    await expect(collect(read(manifest, undefined, AbortSignal.abort(reason)))).rejects.toBe(reason);
    for await (const chunk of read(manifest)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await eventually(() => expect(store.openBodies).toBe(0));
  });
});

describe('readDump', () => {
  it('sees zstd bytes that changed without changing the dump: they are not what was written', async () => {
    const manifest = await backUp('zstd');
    const content = store.content(manifest.stored.key) ?? Buffer.alloc(0);
    const harmless = await firstHarmlessFlip(manifest, content);
    store.overwrite(manifest.stored.key, harmless);
    await refuses(manifest, 'SHA-256 of the stored bytes');
  });

  async function firstHarmlessFlip(manifest: Manifest, content: Buffer): Promise<Buffer> {
    for (let bit = 32; bit < 200; bit += 1) {
      store.overwrite(manifest.stored.key, flipBit(content, bit));
      const error = await collect(read(manifest)).catch((reason: unknown) => reason);
      if (error instanceof Error && !error.message.includes('decompression')) return flipBit(content, bit);
    }
    throw new Error('There is none among the first bytes.');
  }
});
