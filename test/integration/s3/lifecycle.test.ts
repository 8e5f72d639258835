import { buffer } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listBackups } from '../../../core/catalog/catalog.ts';
import { applyPrune, type PruneResult, planPrune } from '../../../core/catalog/prune.ts';
import { parseBackupId } from '../../../core/model/backup-id.ts';
import { backupPrefix, leaseKey, manifestKey } from '../../../core/model/keys.ts';
import { parseRules } from '../../../core/model/retention-rules.ts';
import { lifecycleConfiguration } from '../../../core/model/s3-lifecycle.ts';
import { pruneStatements } from '../../../core/model/s3-policies.ts';
import { TIERS } from '../../../core/model/tiers.ts';
import type { S3Store } from '../../../core/store/s3-store.ts';
import { backUp, manifestOf, TARGET, wholeBackups } from '../../support/backups.ts';
import { startLiveServer } from '../../support/live-server.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { DEFAULT_POLICY } from '../../support/retainables.ts';
import { s3Client } from '../../support/s3/bucket.ts';
import { type CephGateway, missingCephCommands, startCephGateway } from '../../support/s3/ceph-gateway.ts';
import { openS3Store, PREFIX } from '../../support/s3/s3-store.ts';

/** How long a day of the rules lasts: the seven of the undo window leave a busy machine time enough for the undo. */
const DAY_SECONDS = 4;
const BUCKET = 'versioned';
const SOON = { timeout: 90_000, interval: 500 };
const UNFINISHED = `${PREFIX}/manual/other/x/run.attempt/dump.rdb`;
const MIB = 1024 * 1024;
/** What would undermine the undo. */
const NOT_FOR_PRUNE = ['s3:DeleteObjectVersion', 's3:ListBucketVersions', 's3:PutLifecycleConfiguration'];

interface Version {
  key: string;
  versionId: string;
  isMarker: boolean;
}

const missing = await missingCephCommands();

/**
 * On a gateway of its own: no other test wants its objects to expire. Ceph 16 honours all of these rules. Its
 * preconditions it does not keep once a bucket has versions (If-None-Match is ignored, the right If-Match refused), which
 * is why the backups are made elsewhere and copied there.
 */
describe.skipIf(missing.length > 0 && process.env.CI !== 'true')('the lifecycle rules of a versioned bucket', () => {
  let gateway: CephGateway;
  let client: S3Client;
  let store: S3Store;
  /** Ids, oldest first. */
  let backups: string[];
  beforeAll(async () => {
    gateway = await startCephGateway({ lifecycleDaySeconds: DAY_SECONDS });
    const { endpoint, region, accessKeyId, secretAccessKey } = gateway;
    const options = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    client = s3Client(options);
    store = openS3Store(BUCKET, options);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
    const LifecycleConfiguration = lifecycleConfiguration({ prefix: PREFIX });
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: BUCKET, LifecycleConfiguration }));
    backups = await copyBackups(3);
    await leaveUpload();
  });
  afterAll(async () => {
    client?.destroy();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('bring back what prune removed, for a while; purge it then, and touch no backup that is kept', async () => {
    const [lost = '', rescued = '', kept = ''] = backups;
    const made = await versionsOfBackups();
    expect(made.filter(({ isMarker }) => isMarker)).toEqual([]);
    const { removed, runRecords } = await prune();
    expect(removed.toSorted()).toEqual([lost, rescued]);
    expect(runRecords).toBe(9);
    expect(await listed()).toEqual([kept]);

    const put = await versionsOfBackups();
    expect(put.filter(({ isMarker }) => !isMarker)).toEqual(made);
    const marked = put.filter(({ isMarker }) => isMarker).map(({ key }) => key);
    expect(marked).toEqual(made.flatMap(({ key }) => (key.includes(kept) ? [] : key)));

    await bringBack(rescued);
    expect(await wholeBackups(store)).toEqual([rescued, kept]);

    const current = made.filter(({ key }) => !key.includes(lost));
    await vi.waitFor(async () => expect(await versionsOfBackups()).toEqual(current), SOON);
    await vi.waitFor(async () => expect(await versions('runs/')).toEqual([]), SOON);
    expect(await wholeBackups(store)).toEqual([rescued, kept]);
  });

  test('leave one version of a lease', async () => {
    const renewed = Buffer.from('{}');
    await store.put(leaseKey(TARGET), renewed);
    await store.put(leaseKey(TARGET), renewed);
    const found = await versions(leaseKey(TARGET));
    expect(found.length).toBeGreaterThan(1);
    await vi.waitFor(async () => expect(await versions(leaseKey(TARGET))).toEqual([found[0]]), SOON);
  });

  test('abort an upload that nobody finished', async () => {
    const list = new ListMultipartUploadsCommand({ Bucket: BUCKET });
    await vi.waitFor(async () => expect((await client.send(list)).Uploads ?? []).toEqual([]), SOON);
  });

  async function copyBackups(count: number): Promise<string[]> {
    await using live = await startLiveServer();
    await live.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})');
    const origin = new MemoryStore();
    const ids: string[] = [];
    while (ids.length < count) ids.push(manifestOf(await backUp(live, origin, { tier: 'daily' })).backupId);
    for (const key of origin.keys) await store.put(key, await buffer((await origin.get(key)).body));
    return ids;
  }

  async function leaveUpload(): Promise<void> {
    const at = { Bucket: BUCKET, Key: UNFINISHED };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
    await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * MIB) }));
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads).toMatchObject([{ UploadId }]);
  }

  /** In 2040, when the records of these runs are old, and with no right that is not prune's. */
  async function prune(): Promise<PruneResult> {
    const scope = { bucketArn: `arn:aws:s3:::${BUCKET}`, prefix: PREFIX };
    const granted = pruneStatements(scope).flatMap(({ Action }) => Action);
    expect(granted.filter((action) => NOT_FOR_PRUNE.includes(action))).toEqual([]);
    const Resource = [scope.bucketArn, `${scope.bucketArn}/*`];
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: NOT_FOR_PRUNE, Resource }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
    await expect(versions('')).rejects.toMatchObject({ name: 'AccessDenied' });
    const tiers = { ...DEFAULT_POLICY.tiers, daily: parseRules('last 1') };
    const now = new Date('2040-01-01T00:00:00Z');
    const policy = { ...DEFAULT_POLICY, tiers, minimumGood: 1 };
    const plan = await planPrune(store, { target: TARGET, policy, keepRuns: { amount: 400, unit: 'd' }, now });
    const signal = new AbortController().signal;
    const result = await applyPrune(store, plan, { now: () => now, signal, onRemoved: () => {} });
    await client.send(new DeleteBucketPolicyCommand({ Bucket: BUCKET }));
    return result;
  }

  /** The requests of the commands in docs/retention.md. */
  async function bringBack(backupId: string): Promise<void> {
    const parts = parseBackupId(backupId);
    if (!parts) throw new Error(`${backupId} is no backup id`);
    const markers = (await versions(backupPrefix(parts))).filter(({ isMarker }) => isMarker);
    const isManifest = ({ key }: Version) => key === manifestKey(parts);
    const manifestLast = [...markers.filter((marker) => !isManifest(marker)), ...markers.filter(isManifest)];
    for (const { key, versionId } of manifestLast) {
      expect(await listed()).not.toContain(backupId);
      const marker = { Bucket: BUCKET, Key: `${PREFIX}/${key}`, VersionId: versionId };
      await client.send(new DeleteObjectCommand(marker));
    }
  }

  async function listed(): Promise<string[]> {
    return (await listBackups(store, { target: TARGET })).map(({ backupId }) => backupId);
  }

  async function versionsOfBackups(): Promise<Version[]> {
    return (await Promise.all(TIERS.map((tier) => versions(`${tier}/`)))).flat();
  }

  /** In order of keys, the newest of each key first, but markers after all others of theirs. */
  async function versions(prefix: string): Promise<Version[]> {
    const list = new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: `${PREFIX}/${prefix}` });
    const { Versions = [], DeleteMarkers = [], IsTruncated } = await client.send(list);
    expect(IsTruncated).toBe(false);
    const toVersion = (isMarker: boolean, { Key = '', VersionId = '' }: (typeof Versions)[number]) => ({
      key: Key.slice(PREFIX.length + 1),
      versionId: VersionId,
      isMarker,
    });
    const found = [
      ...Versions.map((version) => toVersion(false, version)),
      ...DeleteMarkers.map((marker) => toVersion(true, marker)),
    ];
    return found.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  }
});
