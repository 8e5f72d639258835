import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentCommand } from '../../support/agent-command.ts';
import { flipBit } from '../../support/bytes.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { makeBucket, s3Client, s3Missing, type TestBucket } from '../../support/s3/bucket.ts';
import { PREFIX, s3Settings } from '../../support/s3/s3-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(s3Missing)('the command line on s3://', () => {
  let server: LiveServer;
  let bucket: TestBucket;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startLiveServer();
    await server.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})-[:KNOWS]->(:Person {id: -i})');
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    bucket = await makeBucket();
    env = { ...s3Settings(bucket.name), FALKORDB_URL: server.server.url, BACKUP_TARGET: 'shop' };
  });
  afterEach(() => bucket.remove());
  const agent = (...args: string[]) => agentCommand([...args, '--json'], { env });

  test('backup, list, show, verify, status and doctor do what they do on a folder', async () => {
    const made = await agent('backup', '--tier', 'daily');
    expect(made).toMatchObject({ exitCode: 0, json: { status: 'completed', graphs: [{ nodes: 100, edges: 50 }] } });
    const { backupId } = made.json;
    expect((await agent('list')).json).toMatchObject([{ status: 'ok', backupId }]);
    expect((await agent('show', 'latest:daily')).json.backupId).toBe(backupId);
    expect(await agent('verify')).toMatchObject({ exitCode: 0, json: { status: 'ok', verified: 1 } });
    const { json: status } = await agent('status');
    expect(status).toMatchObject({ lastFailure: null, size: { scope: 'store', objects: 7 } });
    expect(await agent('doctor')).toMatchObject({ exitCode: 0, json: { status: 'ok', problems: 0 } });
  });

  test('fetch gives a dump from which a fresh FalkorDB starts', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'data');
    await mkdir(data);
    await agent('backup', '--source', 'replication');
    expect(await agent('fetch', '--output', join(data, 'dump.rdb'))).toMatchObject({ exitCode: 0 });
    await using fresh = await startLiveServer({ folder: data });
    expect(await fresh.nodeCounts()).toEqual({ people: 100 });
  });

  test.each([
    ['flipped', (bytes: Uint8Array) => flipBit(bytes, bytes.length * 4), /decompression|SHA-256/],
    ['truncated', (bytes: Uint8Array) => bytes.subarray(0, -1), /stored size/],
    ['emptied', () => new Uint8Array(), /stored size/],
    ['deleted', () => undefined, /missing/],
  ])('verify names an object that was %s, and the check', async (_, damage, check) => {
    const { stored } = (await agent('backup')).json;
    const [client, at] = [s3Client(), { Bucket: bucket.name, Key: `${PREFIX}/${stored.key}` }];
    const { Body } = await client.send(new GetObjectCommand(at));
    const bytes = damage((await Body?.transformToByteArray()) ?? new Uint8Array());
    await client.send(bytes ? new PutObjectCommand({ ...at, Body: bytes }) : new DeleteObjectCommand(at));
    const { exitCode, json } = await agent('verify');
    expect(exitCode).toBe(4);
    expect(json.results[0].error.message).toContain(stored.key);
    expect(json.results[0].error.message).toMatch(check);
  });

  test.each([
    ['a wrong secret', { S3_SECRET_KEY: 'wrong' }, 'store-denied'],
    ['an unknown key', { S3_ACCESS_KEY: 'nobody' }, 'store-denied'],
    ['a bucket that is not there', { BACKUP_STORE: 's3://no-such-bucket' }, 'store-unavailable'],
    ['a service that is not there', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 'store-unavailable'],
  ])('fails with exit code 7 and a hint on %s', async (_, wrong, code) => {
    env = { ...env, ...wrong };
    const { exitCode, json, stderr } = await agent('backup');
    expect(exitCode).toBe(7);
    expect(json.error).toMatchObject({ code, hint: expect.any(String) });
    expect(stderr).not.toContain(env.S3_SECRET_KEY);
  });

  test('the older names of the settings still name the bucket', async () => {
    const { BACKUP_STORE: _, ...rest } = env;
    env = { ...rest, S3_BUCKET: bucket.name };
    expect(await agent('backup')).toMatchObject({ exitCode: 0 });
    expect((await agent('status')).json.store).toBe(`s3://${bucket.name}`);
  });

  test('tags every object as it is told', async () => {
    env.S3_TAGS = 'team=data,cost=42';
    const { stored } = (await agent('backup')).json;
    const { TagCount } = await s3Client().send(
      new GetObjectCommand({ Bucket: bucket.name, Key: `${PREFIX}/${stored.key}` }),
    );
    expect(TagCount).toBe(2);
  });
});
