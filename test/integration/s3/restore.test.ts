import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentCommand, type CommandResult } from '../../support/agent-command.ts';
import { flipBit } from '../../support/bytes.ts';
import { type Fingerprint, fingerprint } from '../../support/fingerprint.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { expectFree } from '../../support/restore-environment.ts';
import { makeBucket, s3Client, s3Missing, s3Server, type TestBucket } from '../../support/s3/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../../support/s3/fault-proxy.ts';
import type { FaultAction, ProxiedRequest } from '../../support/s3/faults.ts';
import { PREFIX, s3Settings } from '../../support/s3/s3-store.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const MIB = 1024 * 1024;

describe.skipIf(s3Missing)('a restore from s3://', () => {
  let live: LiveServer;
  let bucket: TestBucket;
  let proxy: FaultProxy;
  let folder: TemporaryFolder;
  let state: string;
  let env: Record<string, string>;
  /** Of the backup. */
  let fresh: Fingerprint;
  let old: Fingerprint;
  let made: { backupId: string; stored: { key: string; bytes: number } };
  beforeEach(async () => {
    [live, bucket, folder] = await Promise.all([startLiveServer(), makeBucket(), temporaryFolder()]);
    proxy = await startFaultProxy(new URL(s3Server().endpoint));
    state = join(folder.path, 'state');
    env = {
      ...s3Settings(bucket.name),
      S3_ENDPOINT: proxy.endpoint,
      S3_TIMEOUT_SECONDS: '1',
      FALKORDB_URL: live.server.url,
      BACKUP_TARGET: 'shop',
      BACKUP_STATE_DIR: state,
    };
    await live.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})-[:KNOWS]->(:Person {id: -i})');
    await live.fill(40, 100_000);
    fresh = await fingerprint(live.client);
    made = (await agent('backup', '--tier', 'daily', '--json')).json;
    await live.graph('people', 'MATCH (n:Person) WHERE n.id > 10 DELETE n');
    await live.client.del('key1');
    old = await fingerprint(live.client);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await Promise.all([live[Symbol.asyncDispose](), bucket.remove(), folder[Symbol.asyncDispose]()]);
  });

  const agent = (...args: string[]): Promise<CommandResult> => agentCommand(args, { env });
  const unproven = () => agent('restore', 'latest', '--unproven', '--force', '--json');
  const isDump = ({ method, path }: ProxiedRequest) => method === 'GET' && path.endsWith(made.stored.key);
  const faults = () => proxy.requests.filter(({ fault }) => fault).length;

  test('brings back what the backup holds, and the safety backup what was there', async () => {
    const restored = await agent('restore', 'latest:daily', '--confirm', 'shop', '--json');
    expect(restored, restored.stderr).toMatchObject({ exitCode: 0, json: { restored: made.backupId, target: 'shop' } });
    expect(await fingerprint(live.client)).toEqual(fresh);
    await expectFree(live, state);
    expect((await agent('list', '--json')).json).toContainEqual(
      expect.objectContaining({ backupId: made.backupId, verified: expect.objectContaining({ outcome: 'loaded' }) }),
    );
    const back = await agent('restore', restored.json.safetyBackupId, '--force', '--json');
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(await fingerprint(live.client)).toEqual(old);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['a flipped byte', (bytes) => flipBit(bytes, bytes.length * 4)],
    ['its end cut off', (bytes) => bytes.subarray(0, -100)],
  ])('refuses an object with %s, with and without a proof, and FalkorDB keeps its old data', async (_, damage) => {
    const [client, at] = [s3Client(), { Bucket: bucket.name, Key: `${PREFIX}/${made.stored.key}` }];
    const { Body } = await client.send(new GetObjectCommand(at));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    await client.send(new PutObjectCommand({ ...at, Body: damage(bytes) }));
    const runId = await live.info('run_id');
    for (const { exitCode, json } of [await agent('restore', 'latest', '--force', '--json'), await unproven()]) {
      expect(exitCode).toBe(4);
      expect(json.error.message).toContain(made.stored.key);
      expect(await fingerprint(live.client)).toEqual(old);
      expect(await live.info('run_id')).toBe(runId);
    }
    // The second one had begun, and was undone.
    expect(await live.info('cmdstat_replicaof')).not.toBe('');
    await expectFree(live, state);
  });

  test.each<[string, FaultAction]>([
    ['cut', { kind: 'cut-response', afterBytes: MIB }],
    ['answered with 503 SlowDown', { kind: 'slow-down' }],
  ])('goes on from where the download was %s', async (_, action) => {
    proxy.setFault({ ...action, matches: isDump, times: 2 });
    const { exitCode, stderr } = await unproven();
    expect(exitCode, stderr).toBe(0);
    expect(faults()).toBe(2);
    expect(await fingerprint(live.client)).toEqual(fresh);
    await expectFree(live, state);
  });

  test.each<[string, FaultAction, number]>([
    ['is cut again and again', { kind: 'cut-response', afterBytes: 0 }, 7],
    ['is damaged on its way', { kind: 'flip-response', at: MIB }, 4],
  ])('gives up where the download %s, and FalkorDB keeps its old data', async (_, action, expected) => {
    proxy.setFault({ ...action, matches: isDump });
    const { exitCode, json } = await unproven();
    expect(exitCode).toBe(expected);
    expect(json.error.message).toContain('takes writes again');
    expect(faults()).toBeGreaterThan(0);
    expect(await fingerprint(live.client)).toEqual(old);
    await expectFree(live, state);
  });
});
