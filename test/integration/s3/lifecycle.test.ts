import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
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
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
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
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { DEFAULT_POLICY } from '../../support/retainables.ts';
import { s3Client } from '../../support/s3/bucket.ts';
import { type CephGateway, missingCephCommands, startCephGateway } from '../../support/s3/ceph-gateway.ts';
import { openS3Store, PREFIX } from '../../support/s3/s3-store.ts';

/** A day of the rules. The undo window of seven of them leaves a busy machine time enough for the undo. */
const DAY_SECONDS = 3;
const PURGED = { timeout: 60_000, interval: 500 };
const MIB = 1024 * 1024;

interface Version {
  key: string;
  versionId: string;
  isMarker: boolean;
}

interface VersionEntry {
  Key?: string | undefined;
  VersionId?: string | undefined;
}

const missing = await missingCephCommands();

/** A gateway of its own: no other test wants its objects to expire. */
describe.skipIf(missing.length > 0 && process.env.CI !== 'true')('the lifecycle rules of a versioned bucket', () => {
  let gateway: CephGateway;
  let live: LiveServer;
  let client: S3Client;
  let store: S3Store;
  let bucket: string;
  beforeAll(async () => {
    [gateway, live] = await Promise.all([startCephGateway({ lifecycleDaySeconds: DAY_SECONDS }), startLiveServer()]);
    const { endpoint, region, accessKeyId, secretAccessKey } = gateway;
    client = s3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    await live.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})');
  });
  afterAll(async () => {
    client?.destroy();
    await Promise.all([gateway?.[Symbol.asyncDispose](), live?.[Symbol.asyncDispose]()]);
  });
  beforeEach(async () => {
    bucket = `test-${randomUUID()}`;
    const { endpoint, region, accessKeyId, secretAccessKey } = gateway;
    store = openS3Store(bucket, { endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const enabled = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: enabled }));
    const rules = lifecycleConfiguration({ prefix: PREFIX });
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: rules }));
  });

  test('what prune put away can be brought back, and is gone after the window; current backups are never touched', async () => {
    const [lost, rescued, kept] = [await makeBackup(), await makeBackup(), await makeBackup()];
    const made = await backupVersions();
    expect(await prune()).toMatchObject({ removed: [lost, rescued], refused: [], runRecords: 9 });
    expect(await listed()).toEqual([kept]);

    const put = await backupVersions();
    expect(put.filter(({ isMarker }) => !isMarker)).toEqual(made);
    const markers = put.filter(({ isMarker }) => isMarker).map(({ key }) => key);
    expect(markers).toEqual(made.filter(({ key }) => !key.includes(kept)).map(({ key }) => key));

    await bringBack(rescued);
    expect(await wholeBackups(store)).toEqual([rescued, kept]);

    const current = made.filter(({ key }) => !key.includes(lost));
    await vi.waitFor(async () => expect(await backupVersions()).toEqual(current), PURGED);
    await vi.waitFor(async () => expect(await versions('runs/')).toEqual([]), PURGED);
    expect(await wholeBackups(store)).toEqual([rescued, kept]);
  });

  test('a lease that was renewed again and again is one version, and still there', async () => {
    await makeBackup();
    const [current, ...older] = await versions(leaseKey(TARGET));
    expect(older.length).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await versions(leaseKey(TARGET))).toEqual([current]), PURGED);
    await makeBackup();
  });

  test('an upload that nobody finished is aborted', async () => {
    const at = { Bucket: bucket, Key: `${PREFIX}/daily/${TARGET}/unfinished/dump.rdb` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
    await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * MIB) }));
    const uploads = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];
    expect(await uploads()).toHaveLength(1);
    await vi.waitFor(async () => expect(await uploads()).toEqual([]), PURGED);
    const abort = client.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
    await expect(abort).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  const makeBackup = async () => manifestOf(await backUp(live, store, { tier: 'daily' })).backupId;
  const listed = async () => (await listBackups(store, { target: TARGET })).map(({ backupId }) => backupId);
  const backupVersions = async () => (await Promise.all(TIERS.map((tier) => versions(`${tier}/`)))).flat();

  /** By key, the newest of each first. */
  async function versions(prefix: string): Promise<Version[]> {
    const {
      Versions = [],
      DeleteMarkers = [],
      IsTruncated,
    } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${PREFIX}/${prefix}` }));
    expect(IsTruncated).toBe(false);
    const toVersion = ({ Key = '', VersionId = '' }: VersionEntry, isMarker: boolean) => ({
      key: Key.slice(PREFIX.length + 1),
      versionId: VersionId,
      isMarker,
    });
    const found = [
      ...Versions.map((version) => toVersion(version, false)),
      ...DeleteMarkers.map((marker) => toVersion(marker, true)),
    ];
    return found.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  }

  /** As in 2040, when the run records of these backups are old, with no right to anything but what prune's policy names. */
  async function prune(): Promise<PruneResult> {
    const now = new Date('2040-01-01T00:00:00Z');
    const tiers = { ...DEFAULT_POLICY.tiers, daily: parseRules('last 1') };
    const policy = { ...DEFAULT_POLICY, tiers, minimumGood: 1 };
    const bucketArn = `arn:aws:s3:::${bucket}`;
    const granted = pruneStatements({ bucketArn, prefix: PREFIX }).flatMap(({ Action }) => Action);
    const NotAction = [...granted, 's3:DeleteBucketPolicy'];
    const Resource = [bucketArn, `${bucketArn}/*`];
    const Policy = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', NotAction, Resource }] };
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(Policy) }));
    try {
      await expect(versions('')).rejects.toMatchObject({ name: 'AccessDenied' });
      const plan = await planPrune(store, { target: TARGET, policy, keepRuns: { amount: 400, unit: 'd' }, now });
      return await applyPrune(store, plan, { signal: new AbortController().signal, onRemoved: () => {} });
    } finally {
      await client.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
    }
  }

  /** The requests of the commands in docs/retention.md. */
  async function bringBack(backupId: string): Promise<void> {
    const parts = parseBackupId(backupId);
    if (!parts) throw new Error(backupId);
    const markers = (await versions(backupPrefix(parts))).filter(({ isMarker }) => isMarker);
    const isManifest = ({ key }: Version) => key === manifestKey(parts);
    const dataFirst = [...markers.filter((marker) => !isManifest(marker)), ...markers.filter(isManifest)];
    for (const { key, versionId } of dataFirst) {
      expect(await listed()).not.toContain(backupId);
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${PREFIX}/${key}`, VersionId: versionId }));
    }
  }
});
