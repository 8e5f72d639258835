import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../../agent/backup.ts';
import { listBackups } from '../../../core/catalog/catalog.ts';
import { BackupError } from '../../../core/model/errors.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import { backUp, manifestOf, nextTime, TARGET, wholeBackups } from '../../support/backups.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { pausable } from '../../support/pausable-store.ts';
import { makeBucket, s3Missing } from '../../support/s3/bucket.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';

const ROUNDS = 100;
/** Longer than a lease lasts. */
const LATER_MS = 5 * 60_000;

describe.skipIf(s3Missing)('two agents and one target on S3', () => {
  let server: LiveServer;
  beforeAll(async () => {
    server = await startLiveServer();
    await server.graph('g', 'CREATE (:A)');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test(`of two that start at once exactly one works, ${ROUNDS} times`, { timeout: 300_000 }, async () => {
    await using bucket = await makeBucket();
    const stores = [openS3Store(bucket.name), openS3Store(bucket.name)];
    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.all(
        stores.map((store) => backUp(server, store, { scheduledFor: nextTime() }).catch((error: unknown) => error)),
      );
      const made = results.filter((result) => !(result instanceof BackupError));
      expect(made, `round ${round}`).toHaveLength(1);
      expect(results.filter((result) => result instanceof BackupError)).toMatchObject([{ code: 'lease-held' }]);
    }
    expect(await listBackups(openS3Store(bucket.name), { target: TARGET })).toHaveLength(ROUNDS);
  });

  test('one that is paused at any of its steps, while another makes the backup, does no harm', async () => {
    const steps = await countSteps();
    expect(steps).toBeGreaterThan(10);
    for (let step = 1; step <= steps; step++) await pauseAt(step);
  });

  /** How often a backup that nobody disturbs turns to the store. */
  async function countSteps(): Promise<number> {
    await using bucket = await makeBucket();
    const counted = pausable(openS3Store(bucket.name), Number.POSITIVE_INFINITY);
    await backUp(server, counted.store);
    return counted.calls();
  }

  async function pauseAt(step: number): Promise<void> {
    await using bucket = await makeBucket();
    const direct: ObjectStore = openS3Store(bucket.name);
    const scheduledFor = nextTime();
    const paused = pausable(openS3Store(bucket.name), step);
    const sleeper = backUp(server, paused.store, { scheduledFor }).catch((error: unknown) => error);
    await Promise.race([paused.reached, sleeper]);
    const deps = { now: () => new Date(Date.now() + LATER_MS) };
    const winner = manifestOf(await backUp(server, direct, { scheduledFor, deps }));
    paused.resume();
    const result = (await sleeper) as BackupResult | BackupError;
    // It may have been done, and paused only at its record or its lease; then the other found the backup made.
    const own = result instanceof BackupError ? undefined : manifestOf(result);
    expect(own?.stored.key ?? winner.stored.key, `paused at step ${step}`).toBe(winner.stored.key);
    expect(await wholeBackups(direct)).toEqual([winner.backupId]);
  }
});
