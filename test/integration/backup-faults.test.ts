import { describe, expect, test, vi } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { dumpOf, nextRunId, nextTime, runsOf, TARGET, wholeBackups } from '../support/backups.ts';
import { loaded } from '../support/dumps.ts';
import { saveChild } from '../support/live-server.ts';
import { SOURCES, startSlowBackups } from '../support/slow-backups.ts';
import { expireLease, readLease, uploadedBytes } from '../support/store-files.ts';

const SOON = { timeout: 20_000, interval: 10 };

/** By run: what became of it, each failure by its code. */
async function verdictsOf(store: ObjectStore): Promise<string[][]> {
  return (await runsOf(store)).map((run) => run.verdicts.map(({ verdict, failure }) => failure?.code ?? verdict));
}

describe.each(SOURCES)('an agent that was paused for longer than its lease lasts (%s)', (source) => {
  test('finds its backup made by another one, and adds nothing to it', async () => {
    await using slow = await startSlowBackups();
    const { live, root, store } = slow;
    const scheduledFor = nextTime();
    const [sleeperRun, otherRun] = [nextRunId(), nextRunId()];
    await using sleeper = await slow.agent(source, scheduledFor, sleeperRun);
    await saveChild(live);
    sleeper.process.kill('SIGSTOP');
    await live.setSaveDelay(0);
    expireLease(root, TARGET);
    await using other = await slow.agent(source, scheduledFor, otherRun);
    expect(await other.ended).toMatchObject({ exitCode: 0 });
    sleeper.process.kill('SIGCONT');

    const { exitCode, stderr } = await sleeper.ended;

    expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringContaining(`went to run ${otherRun} `) });
    const manifest = await findManifest(store, { scheduledFor, target: TARGET, tier: 'manual' });
    expect(manifest?.runId).toBe(otherRun);
    expect(manifest?.stored.key).toContain(otherRun);
    expect(await wholeBackups(store)).toEqual([manifest?.backupId]);
    const counts = manifest && (await loaded({ bytes: await dumpOf(store, manifest) }, (fresh) => fresh.nodeCounts()));
    expect(counts).toEqual({ g: 1 });
    expect(await verdictsOf(store)).toEqual([['lease-lost'], ['completed']]);
    expect(readLease(root, TARGET)).toMatchObject({ runId: otherRun, releasedAt: expect.any(String) });
  });
});

describe('agents at the same time', () => {
  test('let exactly one of them work', async () => {
    await using slow = await startSlowBackups();
    await using one = await slow.agent('bgsave', nextTime());
    await using two = await slow.agent('bgsave', nextTime());
    await using three = await slow.agent('bgsave', nextTime());
    const child = await saveChild(slow.live);
    process.kill(child, 'SIGSTOP');
    const ends = [one, two, three].map(({ ended }) => ended);
    let refused = 0;
    for (const ended of ends) void ended.then(({ exitCode }) => exitCode === 5 && refused++);
    await vi.waitFor(() => expect(refused).toBe(2), SOON);
    process.kill(child, 'SIGCONT');

    const outcomes = await Promise.all(ends);

    expect(outcomes.map(({ exitCode }) => exitCode).sort()).toEqual([0, 5, 5]);
    const losers = outcomes.filter(({ exitCode }) => exitCode === 5);
    for (const { stderr } of losers) expect(stderr).toContain('is being worked on by run ');
    expect(await wholeBackups(slow.store)).toHaveLength(1);
    expect((await verdictsOf(slow.store)).flat().sort()).toEqual(['completed', 'lease-held', 'lease-held']);
  });

  test('on the same run leave its verdict to the one that works', async () => {
    await using slow = await startSlowBackups();
    const [scheduledFor, runId] = [nextTime(), nextRunId()];
    await using worker = await slow.agent('bgsave', scheduledFor, runId);
    const child = await saveChild(slow.live);
    process.kill(child, 'SIGSTOP');
    await using duplicate = await slow.agent('bgsave', scheduledFor, runId);
    expect(await duplicate.ended).toMatchObject({ exitCode: 5 });
    process.kill(child, 'SIGCONT');
    expect(await worker.ended).toMatchObject({ exitCode: 0 });
    expect(await verdictsOf(slow.store)).toEqual([['completed']]);
  });
});

describe.each(SOURCES)('an agent that is asked to stop (%s)', (source) => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s ends at once, says so, and gives the lease back', async (signal) => {
    await using slow = await startSlowBackups();
    const { live, root, store } = slow;
    await live.setSaveDelay(200_000);
    const [scheduledFor, runId] = [nextTime(), nextRunId()];
    await using stopped = await slow.agent(source, scheduledFor, runId);
    const child = await saveChild(live);
    const asked = performance.now();
    stopped.process.kill(signal);

    const { exitCode, stderr } = await stopped.ended;

    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: expect.stringContaining(`Stopped by ${signal}`) });
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await runsOf(store)).toMatchObject([
      { runId, verdicts: [{ verdict: 'failed', failure: { code: 'interrupted', retryable: true } }] },
    ]);
    expect(readLease(root, TARGET)).toMatchObject({ runId, releasedAt: expect.any(String) });
    expect(uploadedBytes(root)).toBe(undefined);
    expect(await wholeBackups(store)).toEqual([]);
    // Only the server of a replica that hung up ends its save by itself.
    if (source === 'bgsave') process.kill(child, 'SIGKILL');
    await slow.nextRunSucceeds(scheduledFor);
  });
});
