import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { makeBucket, s3Client, s3Missing, s3Server, type TestBucket } from '../../support/s3/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../../support/s3/fault-proxy.ts';
import type { FaultAction } from '../../support/s3/faults.ts';

const MIB = 1024 * 1024;
/** Longer than anything takes here that is not stalled. */
const QUIET_MS = 1_500;
const CONTENT = randomBytes(3 * MIB);

describe.skipIf(s3Missing !== undefined)('the S3 server of the tests, and the faults on the way to it', () => {
  let bucket: TestBucket;
  let proxy: FaultProxy;
  /** Through the proxy; the first try is the last. */
  let client: S3Client;

  beforeAll(async () => {
    bucket = await makeBucket();
    proxy = await startFaultProxy(new URL(s3Server().endpoint));
    client = s3Client({ endpoint: proxy.endpoint, maxAttempts: 1 });
  });
  afterEach(() => proxy.setFault(undefined));
  afterAll(async () => {
    client.destroy();
    await proxy[Symbol.asyncDispose]();
    await bucket.remove();
  });

  const put = (Key: string, Body: Buffer, conditions: { IfNoneMatch?: string; IfMatch?: string } = {}) =>
    client.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body, ...conditions }));
  const get = async (Key: string, through = client) => {
    const { Body } = await through.send(new GetObjectCommand({ Bucket: bucket.name, Key }));
    return buffer(Body as AsyncIterable<Buffer>);
  };
  /** Past the proxy. */
  const stored = async (Key: string) => {
    const direct = s3Client();
    try {
      return await get(Key, direct);
    } finally {
      direct.destroy();
    }
  };
  const status = (code: number) => ({ $metadata: expect.objectContaining({ httpStatusCode: code }) });

  test('gives back what was put', async () => {
    await put('there and back', CONTENT);
    expect((await get('there and back')).equals(CONTENT)).toBe(true);
  });

  test('refuses with 412 to create what exists and to replace what has changed', async () => {
    const { ETag = '' } = await put('conditional', Buffer.from('1'), { IfNoneMatch: '*' });
    await expect(put('conditional', Buffer.from('2'), { IfNoneMatch: '*' })).rejects.toMatchObject(status(412));
    // Ceph 16 compares If-Match of a PUT with the bare etag, and so refuses the quoted one that S3 takes.
    const IfMatch = ETag.replaceAll('"', '');
    await put('conditional', Buffer.from('2'), { IfMatch });
    await expect(put('conditional', Buffer.from('3'), { IfMatch })).rejects.toMatchObject(status(412));
    expect(String(await stored('conditional'))).toBe('2');
  });

  test('puts the parts of an upload together', async () => {
    const target = { Bucket: bucket.name, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const bodies = [randomBytes(5 * MIB), Buffer.from('the end')];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const part = { ...target, UploadId, PartNumber: index + 1, Body };
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
        return { ETag, ChecksumCRC32, PartNumber: index + 1 };
      }),
    );
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    expect((await stored('parts')).equals(Buffer.concat(bodies))).toBe(true);
    const uploaded = proxy.requests.filter(({ query }) => query.has('partNumber'));
    expect(uploaded.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(2).fill(`PUT /${bucket.name}/parts`));
  });

  test('503 SlowDown fails the only try, and five tries outlast two of them', async () => {
    proxy.setFault({ kind: 'slow-down' });
    await expect(put('busy', CONTENT)).rejects.toMatchObject({ name: 'SlowDown', ...status(503) });

    const patient = s3Client({ endpoint: proxy.endpoint, maxAttempts: 5 });
    const before = proxy.requests.length;
    proxy.setFault({ kind: 'slow-down', times: 2 });
    await patient.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'busy', Body: CONTENT }));
    patient.destroy();
    const met = proxy.requests.slice(before).map(({ fault }) => fault);
    expect(met).toEqual(['slow-down', 'slow-down', undefined]);
    expect((await stored('busy')).equals(CONTENT)).toBe(true);
  });

  test('a fault meets the requests it is meant for, from the first to the last of them', async () => {
    proxy.setFault({ kind: 'slow-down', matches: ({ method }) => method === 'GET', first: 2, times: 1 });
    await put('aimed', Buffer.from('1'));
    await get('aimed');
    await expect(get('aimed')).rejects.toMatchObject(status(503));
    await get('aimed');
  });

  test('an upload that is cut is not stored', async () => {
    proxy.setFault({ kind: 'cut-request', afterBytes: MIB });
    await expect(put('cut', CONTENT)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    await expect(stored('cut')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('a changed byte in an upload is refused', async () => {
    proxy.setFault({ kind: 'flip-request', at: 2 * MIB });
    await expect(put('flipped', CONTENT)).rejects.toMatchObject(status(400));
    await expect(stored('flipped')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('where the answer is lost, the server has done what it was asked for', async () => {
    proxy.setFault({ kind: 'lose-answer' });
    await expect(put('lost', CONTENT)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await stored('lost')).equals(CONTENT)).toBe(true);
  });

  test.each<FaultAction>([{ kind: 'stall' }, { kind: 'stall-request', afterBytes: MIB }])(
    '$kind: no answer',
    async (fault) => {
      proxy.setFault(fault);
      const abort = new AbortController();
      const command = new PutObjectCommand({ Bucket: bucket.name, Key: 'stalled', Body: CONTENT });
      const outcome = client.send(command, { abortSignal: abort.signal });
      await eventually(() => expect(proxy.requests.at(-1)).toMatchObject({ path: `/${bucket.name}/stalled` }));
      const first = await Promise.race([outcome, setTimeout(QUIET_MS, 'still waiting')]);
      expect(first).toBe('still waiting');
      abort.abort();
      await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
    },
  );

  describe('downloads', () => {
    const SOME = MIB + 17;
    beforeAll(async () => void (await put('content', CONTENT)));

    /** What came until the end, which is an error or not, or 'stalled'. */
    async function download(fault: FaultAction): Promise<{ body: Buffer; end: string }> {
      proxy.setFault(fault);
      // A checksum that the SDK compares would hide what the connection does.
      const plain = s3Client({ endpoint: proxy.endpoint, maxAttempts: 1, responseChecksumValidation: 'WHEN_REQUIRED' });
      const { Body } = await plain.send(new GetObjectCommand({ Bucket: bucket.name, Key: 'content' }));
      const chunks: Buffer[] = [];
      const reading = (async () => {
        for await (const chunk of Body as AsyncIterable<Buffer>) chunks.push(chunk);
        return 'complete';
      })().catch((error: NodeJS.ErrnoException): string => error.code ?? error.name);
      const end = await Promise.race([reading, setTimeout(QUIET_MS, 'stalled')]);
      plain.destroy();
      return { body: Buffer.concat(chunks), end };
    }

    test.each<[FaultAction, string]>([
      [{ kind: 'stall-response', afterBytes: SOME }, 'stalled'],
      [{ kind: 'truncate-response', toBytes: SOME, contentLength: 'kept' }, 'ECONNRESET'],
      [{ kind: 'truncate-response', toBytes: SOME, contentLength: 'matching' }, 'complete'],
    ])('%o ends with %s, after just those bytes', async (fault, end) => {
      const seen = await download(fault);
      expect(seen.end).toBe(end);
      expect(seen.body.equals(CONTENT.subarray(0, SOME))).toBe(true);
    });

    test('cut-response ends with ECONNRESET, after no more than those bytes', async () => {
      const { body, end } = await download({ kind: 'cut-response', afterBytes: SOME });
      expect(end).toBe('ECONNRESET');
      expect(body.equals(CONTENT.subarray(0, Math.min(body.length, SOME)))).toBe(true);
    });

    test('flip-response changes that byte', async () => {
      const { body, end } = await download({ kind: 'flip-response', at: SOME });
      expect(end).toBe('complete');
      body.writeUInt8(body.readUInt8(SOME) ^ 1, SOME);
      expect(body.equals(CONTENT)).toBe(true);
    });
  });
});
