import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordRequested, recordStarted } from '../../../core/catalog/runs.ts';
import { BackupError } from '../../../core/model/errors.ts';
import { alertKey, leaseKey, verdictPrefix } from '../../../core/model/keys.ts';
import { notifyStatements, type PolicyStatement, watchdogStatements } from '../../../core/model/s3-policies.ts';
import { DEFAULT_SCHEDULES, SCHEDULED_TIERS } from '../../../core/model/tiers.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import { findLastGood } from '../../../lambdas/notify/last-good.ts';
import { watchdog } from '../../../lambdas/watchdog/watchdog.ts';
import { type AccessRequest, decide, parseStatement } from '../../support/iam.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingSink } from '../../support/recording-sink.ts';
import { storeBackup } from '../../support/stored-backups.ts';

const BUCKET = 'arn:aws:s3:::b';
const SCOPE = { bucketArn: BUCKET, prefix: '' };
const at = (text: string) => new Date(`${text}Z`);

let store: MemoryStore;
let refused: string[];
let used: Set<string | undefined>;
beforeEach(() => {
  store = new MemoryStore();
  refused = [];
  used = new Set();
});

/** The store as S3 shows it to a role that has these rights alone. */
function seenBy(rights: (scope: typeof SCOPE) => PolicyStatement[]): ObjectStore {
  const identity = rights(SCOPE).map(parseStatement);
  const ask = (action: string, key: string, isCreateOnly = false) => {
    const isList = action === 's3:ListBucket';
    const request: AccessRequest = {
      action,
      resource: isList ? BUCKET : `${BUCKET}/${key}`,
      context: { 's3:prefix': isList ? key : undefined, 's3:if-none-match': isCreateOnly ? '*' : undefined },
    };
    const { isAllowed, by } = decide(request, { identity });
    for (const { Sid } of by) used.add(Sid);
    if (isAllowed) return;
    refused.push(`${action} ${key}`);
    throw new BackupError('store-denied', `${action} ${key}`);
  };
  return {
    url: store.url,
    async put(key, body, options) {
      ask('s3:PutObject', key, options?.ifAbsent);
      return store.put(key, body, options);
    },
    async get(key, options) {
      ask('s3:GetObject', key);
      return store.get(key, options);
    },
    async head(key) {
      ask('s3:GetObject', key);
      return store.head(key);
    },
    async *list(prefix, options) {
      ask('s3:ListBucket', prefix);
      yield* store.list(prefix, options);
    },
    async delete(key) {
      ask('s3:DeleteObject', key);
    },
    listUploads: () => {
      throw new Error('Nobody of these asks for uploads');
    },
    abortUpload: () => {
      throw new Error('Nobody of these asks for uploads');
    },
  };
}

const sidsOf = (rights: (scope: typeof SCOPE) => PolicyStatement[]) => rights(SCOPE).map(({ Sid }) => Sid);

describe('the rights of the watchdog', () => {
  const look = (now: Date, sees: ObjectStore) =>
    watchdog(
      { targets: ['shop'], schedules: DEFAULT_SCHEDULES, promisedVerificationDays: 1 },
      {
        ...{ store: sees, sink: new RecordingSink(), gauge: () => {}, now: () => now },
        ...{ remainingMs: () => 900_000, log: new Logger({ logLevel: 'SILENT' }) },
      },
    );

  it('are enough for all that it does, and all made use of', async () => {
    const sees = seenBy(watchdogStatements);
    const runId = '20261122T023000Z-lost';
    const run = { schemaVersion: 1 as const, runId, target: 'shop' };
    const backupId = '20261122T023000Z-shop-pre-restore';
    await look(at('2026-11-22T00:00:00'), sees);
    await recordRequested(store, { ...run, verb: 'backup', backupId, requestedAt: '2026-11-22T02:30:00.000Z' });
    await recordStarted(store, {
      ...run,
      ...{ startedAt: '2026-11-22T02:30:00.000Z', host: 'h', pid: 1, toolVersion: '1' },
    });
    await look(at('2026-11-23T12:00:00'), sees);
    expect(store.keys.some((key) => key.startsWith(verdictPrefix('shop', runId)))).toBe(true);
    for (const tier of SCHEDULED_TIERS) await storeBackup(store, 'shop', tier, at('2026-11-23T12:30:00'));
    const recovered = await look(at('2026-11-23T13:00:00'), sees);
    expect(recovered.told).toContainEqual(expect.stringContaining('backup-recovered/shop/daily'));
    expect(store.keys).toContain(alertKey('shop', 'daily'));
    expect(store.calls).toContain(`get ${leaseKey('shop')}`);
    expect(refused).toEqual([]);
    expect([...used].toSorted()).toEqual(sidsOf(watchdogStatements).toSorted());
  });

  it('are asked for as often as docs/deploy.md counts, where all is well', async () => {
    const now = at('2026-11-23T13:00:00');
    for (const tier of SCHEDULED_TIERS) await storeBackup(store, 'shop', tier, now);
    const targets = { targets: ['shop'], schedules: DEFAULT_SCHEDULES };
    const once = (time = now) =>
      watchdog(targets, {
        ...{ store, sink: new RecordingSink(), gauge: () => {}, now: () => time },
        ...{ remainingMs: () => 900_000, log: new Logger({ logLevel: 'SILENT' }) },
      });
    await once();
    store.calls.length = 0;
    await once();
    const count = (call: string) => store.calls.filter((each) => each.startsWith(`${call} `)).length;
    expect([count('list'), count('get'), count('put')]).toEqual([9, 8, 0]);
    // The first look of the next day says so, of each tier.
    const tomorrow = at('2026-11-24T13:00:00');
    for (const tier of SCHEDULED_TIERS) await storeBackup(store, 'shop', tier, tomorrow);
    store.calls.length = 0;
    await once(tomorrow);
    await once(tomorrow);
    expect(count('put')).toBe(4);
  });
});

describe('the rights of the function that tells people', () => {
  it('are enough to find the last good backup, and all made use of', async () => {
    const sees = seenBy(notifyStatements);
    const now = at('2026-11-23T13:00:00');
    const backupId = await storeBackup(store, 'shop', 'manual', at('2026-11-21T02:30:00'));
    const broken = await storeBackup(store, 'shop', 'daily', at('2026-11-22T02:30:00'));
    await store.delete(store.keys.find((key) => key.includes(broken) && key.includes('/dump')) ?? '');
    expect(await findLastGood(sees, 'shop', now)).toMatchObject({ kind: 'found', backupId });
    expect(refused).toEqual([]);
    expect([...used].toSorted()).toEqual(sidsOf(notifyStatements).toSorted());
  });
});
