import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listBackups } from '../../../core/catalog/catalog.ts';
import { BackupError } from '../../../core/model/errors.ts';
import type { S3Store } from '../../../core/store/s3-store.ts';
import { backUp, dumpOf, manifestOf, runsOf, TARGET, wholeBackups } from '../../support/backups.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { makeBucket, s3Missing, s3Server, type TestBucket } from '../../support/s3/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../../support/s3/fault-proxy.ts';
import type { FaultAction, ProxiedRequest } from '../../support/s3/faults.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';

const MIB = 1024 * 1024;
/** Three parts, and a bit. */
const DUMP_BYTES = 25 * MIB;

const isPart = ({ method, query }: ProxiedRequest) => method === 'PUT' && query.has('partNumber');
const isManifest = ({ method, path }: ProxiedRequest) => method === 'PUT' && path.endsWith('/manifest.json');
const isState = ({ method, path }: ProxiedRequest) => method === 'PUT' && path.endsWith('/state.json');
const isCompletion = ({ method, query }: ProxiedRequest) => method === 'POST' && query.has('uploadId');
const isDownload = ({ method, path }: ProxiedRequest) => method === 'GET' && path.endsWith('/dump.rdb');

describe.skipIf(s3Missing)('a service that fails', () => {
  let server: LiveServer;
  let bucket: TestBucket;
  let proxy: FaultProxy;
  /** Through the proxy. */
  let store: S3Store;
  /** Past it. */
  let direct: S3Store;
  beforeAll(async () => {
    server = await startLiveServer();
    await server.fill(DUMP_BYTES / 100_000, 100_000);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    bucket = await makeBucket();
    proxy = await startFaultProxy(new URL(s3Server().endpoint));
    store = openS3Store(bucket.name, { endpoint: proxy.endpoint, timeoutSeconds: 1 });
    direct = openS3Store(bucket.name);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await bucket.remove();
  });

  const backUpUncompressed = () => backUp(server, store, { config: { compression: 'none' } });
  const uploads = async () => {
    const found: string[] = [];
    for await (const { key } of direct.listUploads('')) found.push(String(key));
    return found;
  };

  describe.each<[string, FaultAction]>([
    ['answers 503 SlowDown', { kind: 'slow-down' }],
    ['resets the connection in the middle of a part', { kind: 'cut-request', afterBytes: 3 * MIB }],
    ['stops reading in the middle of a part', { kind: 'stall-request', afterBytes: 3 * MIB }],
    ['damages a part', { kind: 'flip-request', at: MIB }],
    ['does a part and loses its answer', { kind: 'lose-answer' }],
  ])('and %s', (_, action) => {
    test('once: the backup is made all the same', async () => {
      proxy.setFault({ ...action, matches: isPart, first: 2, times: 1 });
      const { backupId } = manifestOf(await backUpUncompressed());
      expect(proxy.requests.filter(({ fault }) => fault)).toHaveLength(1);
      expect(await wholeBackups(direct)).toEqual([backupId]);
      expect(await uploads()).toEqual([]);
    });

    test('always: the backup fails, is recorded so, and leaves neither manifest nor upload', async () => {
      proxy.setFault({ ...action, matches: isPart });
      const failure = await backUpUncompressed().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(BackupError);
      expect(failure).toMatchObject({ code: expect.stringMatching(/^store-/), hint: expect.any(String) });
      expect(await listBackups(direct, { target: TARGET })).toEqual([]);
      expect(await uploads()).toEqual([]);
      expect((await runsOf(direct)).map(({ verdicts }) => verdicts.map(({ verdict }) => verdict))).toEqual([
        ['failed'],
      ]);
    });
  });

  test('loses the answer to the manifest: the backup is known to be made', async () => {
    proxy.setFault({ kind: 'lose-answer', matches: isManifest, times: 1 });
    const { backupId } = manifestOf(await backUpUncompressed());
    expect(proxy.requests.filter(isManifest).length).toBeGreaterThan(1);
    expect(await wholeBackups(direct)).toEqual([backupId]);
  });

  test.each([
    ['the last step of an upload', isCompletion],
    ['the state of the server', isState],
  ])('loses the answer to %s: the backup is made', async (_, matches) => {
    proxy.setFault({ kind: 'lose-answer', matches, times: 1 });
    const { backupId } = manifestOf(await backUpUncompressed());
    expect(proxy.requests.filter(({ fault }) => fault)).toHaveLength(1);
    expect(await wholeBackups(direct)).toEqual([backupId]);
    expect(await uploads()).toEqual([]);
  });

  test.each<[string, FaultAction]>([
    ['answers 503 SlowDown', { kind: 'slow-down' }],
    ['resets the connection in the middle', { kind: 'cut-response', afterBytes: 5 * MIB }],
    ['goes silent in the middle', { kind: 'stall-response', afterBytes: 5 * MIB }],
    ['ends early, cleanly', { kind: 'truncate-response', toBytes: 5 * MIB, contentLength: 'kept' }],
  ])('and %s of a download, three times: it goes on from there', async (_, action) => {
    const manifest = manifestOf(await backUpUncompressed());
    proxy.setFault({ ...action, matches: isDownload, times: 3 });
    expect((await dumpOf(store, manifest)).length).toBe(manifest.rdb.bytes);
    expect(proxy.requests.filter(({ fault }) => fault)).toHaveLength(3);
  });

  test('keeps resetting a download: the error says so, after a bound', async () => {
    const manifest = manifestOf(await backUpUncompressed());
    proxy.setFault({ kind: 'cut-response', afterBytes: 0, matches: isDownload });
    await expect(dumpOf(store, manifest)).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
  });

  test.each<[string, FaultAction]>([
    ['a flipped byte', { kind: 'flip-response', at: 5 * MIB }],
    [
      'a shorter object that claims to be whole',
      { kind: 'truncate-response', toBytes: 5 * MIB, contentLength: 'matching' },
    ],
  ])('sends %s: what is read is refused', async (_, action) => {
    const manifest = manifestOf(await backUpUncompressed());
    proxy.setFault({ ...action, matches: isDownload });
    await expect(dumpOf(store, manifest)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(manifest.stored.key),
    });
  });
});
