import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { listBackups } from '../../core/catalog/catalog.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { nextRunId, runsOf, TARGET } from '../support/backups.ts';
import { type EventBusServer, startEventBusServer } from '../support/event-bus-server.ts';
import { saveChild } from '../support/live-server.ts';
import { type SlowBackups, startSlowBackups } from '../support/slow-backups.ts';

interface Call {
  tier: string;
  scheduledFor?: Date;
  runId?: string;
  busyTimeout?: number;
  timeout?: number;
}

/** As a clock would, unless no time is given. */
function startBackup(slow: SlowBackups, bus: EventBusServer, call: Call): Promise<AgentProcess> {
  const { tier, scheduledFor, runId = nextRunId(), busyTimeout = 900, timeout = 600 } = call;
  const due = scheduledFor ? ['--scheduled-for', scheduledFor.toISOString()] : [];
  return startAgentProcess(['backup', '--json', '--tier', tier, '--run-id', runId, ...due], {
    FALKORDB_URL: slow.live.server.url,
    BACKUP_STORE: pathToFileURL(slow.root).href,
    BACKUP_SOURCE: 'bgsave',
    BACKUP_BUSY_TIMEOUT_SECONDS: String(busyTimeout),
    BACKUP_TIMEOUT_SECONDS: String(timeout),
    BACKUP_EVENT_BUS: 'default',
    ...bus.env,
  });
}

/** @throws where it ends before it waits */
async function untilWaiting({ process: { stderr }, ended }: AgentProcess): Promise<void> {
  let log = '';
  const waits = new Promise<void>((resolve) => {
    stderr?.on('data', (chunk: Buffer) => {
      log += chunk;
      if (log.includes('Waiting for another run')) resolve();
    });
  });
  const overBefore = ended.then((end) => {
    throw new Error(`It did not wait: ${JSON.stringify(end)}`);
  });
  await Promise.race([waits, overBefore]);
  overBefore.catch(() => {});
}

const tiersOf = async ({ store }: SlowBackups) =>
  (await listBackups(store, { target: TARGET })).map(({ parts }) => parts.tier);
const verdictsOf = async ({ store }: SlowBackups) =>
  Object.fromEntries(
    (await runsOf(store)).map(({ runId, verdicts }) => [
      runId,
      verdicts.map(({ verdict, reason, failure }) => failure?.code ?? reason ?? verdict),
    ]),
  );
const wholeSecond = () => new Date(Math.floor(Date.now() / 1000) * 1000);

test('a snapshot that is due together with a monthly backup waits for it, and is covered by it', async () => {
  await using slow = await startSlowBackups();
  await using bus = await startEventBusServer();
  const [scheduledFor, large, small] = [wholeSecond(), nextRunId(), nextRunId()];
  await using monthly = await startBackup(slow, bus, { tier: 'monthly', scheduledFor, runId: large });
  const child = await saveChild(slow.live);
  process.kill(child, 'SIGSTOP');
  await using snapshot = await startBackup(slow, bus, { tier: 'snapshot', scheduledFor, runId: small });
  await untilWaiting(snapshot);
  process.kill(child, 'SIGCONT');
  const [made, skipped] = await Promise.all([monthly.ended, snapshot.ended]);
  expect(made).toMatchObject({ exitCode: 0 });
  expect(skipped).toMatchObject({ exitCode: 0 });
  const { backupId } = JSON.parse(made.stdout);
  expect(JSON.parse(skipped.stdout)).toMatchObject({ status: 'skipped', reason: 'covered', by: backupId });
  expect(await tiersOf(slow)).toEqual(['monthly']);
  expect(await verdictsOf(slow)).toEqual({ [large]: ['completed'], [small]: ['covered'] });
  expect(bus.taken.map(({ type, detail }) => [type, detail.tier])).toEqual([
    ['Backup Completed', 'monthly'],
    ['Backup Skipped', 'snapshot'],
  ]);
});

test('where the snapshot was first, the monthly backup waits and is made', async () => {
  await using slow = await startSlowBackups();
  await using bus = await startEventBusServer();
  const scheduledFor = wholeSecond();
  await using snapshot = await startBackup(slow, bus, { tier: 'snapshot', scheduledFor });
  const child = await saveChild(slow.live);
  process.kill(child, 'SIGSTOP');
  await using monthly = await startBackup(slow, bus, { tier: 'monthly', scheduledFor });
  await untilWaiting(monthly);
  process.kill(child, 'SIGCONT');
  expect(await snapshot.ended).toMatchObject({ exitCode: 0 });
  expect(await monthly.ended).toMatchObject({ exitCode: 0 });
  expect((await tiersOf(slow)).toSorted()).toEqual(['monthly', 'snapshot']);
});

test('a snapshot that became due after the dump of the larger one was taken is made', async () => {
  await using slow = await startSlowBackups();
  await using bus = await startEventBusServer();
  await using daily = await startBackup(slow, bus, { tier: 'daily', scheduledFor: wholeSecond() });
  expect(await daily.ended).toMatchObject({ exitCode: 0 });
  await slow.live.graph('g', 'CREATE (:Later)');
  const scheduledFor = new Date(wholeSecond().getTime() + 1000);
  await using snapshot = await startBackup(slow, bus, { tier: 'snapshot', scheduledFor });
  expect(JSON.parse((await snapshot.ended).stdout)).toMatchObject({ status: 'completed' });
});

test('a larger tier waits as long as its run may last, and names who it waited for', async () => {
  await using slow = await startSlowBackups();
  await using bus = await startEventBusServer();
  const scheduledFor = wholeSecond();
  const [first, patient, hurried] = [nextRunId(), nextRunId(), nextRunId()];
  await using monthly = await startBackup(slow, bus, { tier: 'monthly', scheduledFor, runId: first });
  const child = await saveChild(slow.live);
  process.kill(child, 'SIGSTOP');
  // Begun once the monthly one was, so that it is not covered by it.
  const due = { scheduledFor: new Date(scheduledFor.getTime() + 60_000), busyTimeout: 1 };
  await using daily = await startBackup(slow, bus, { tier: 'daily', runId: patient, ...due });
  await using weekly = await startBackup(slow, bus, { tier: 'weekly', runId: hurried, ...due, timeout: 5 });
  await Promise.all([untilWaiting(daily), untilWaiting(weekly)]);
  const { exitCode, stdout } = await weekly.ended;
  expect(exitCode).toBe(8);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'deadline',
    message: expect.stringMatching(new RegExp(`5 s .* run ${first} `)),
  });
  expect(daily.process.exitCode).toBeNull();
  process.kill(child, 'SIGCONT');
  expect(await monthly.ended).toMatchObject({ exitCode: 0 });
  expect(await daily.ended).toMatchObject({ exitCode: 0 });
  expect(await verdictsOf(slow)).toEqual({ [first]: ['completed'], [patient]: ['completed'], [hurried]: ['deadline'] });
});

test('waiting has an end; who does not wait fails at once, and so does the same run', async () => {
  await using slow = await startSlowBackups();
  await using bus = await startEventBusServer();
  const [scheduledFor, large, small] = [wholeSecond(), nextRunId(), nextRunId()];
  await using monthly = await startBackup(slow, bus, { tier: 'monthly', scheduledFor, runId: large });
  const child = await saveChild(slow.live);
  process.kill(child, 'SIGSTOP');

  await using snapshot = await startBackup(slow, bus, {
    tier: 'snapshot',
    scheduledFor,
    runId: small,
    busyTimeout: 4,
  });
  await untilWaiting(snapshot);
  const started = performance.now();
  const others = [{ tier: 'monthly', scheduledFor, runId: large }, { tier: 'daily' }, { tier: 'manual', scheduledFor }];
  for (const call of others) {
    await using other = await startBackup(slow, bus, call);
    expect(await other.ended, JSON.stringify(call)).toMatchObject({
      exitCode: 5,
      stderr: expect.not.stringContaining('Waiting'),
    });
  }
  const { exitCode, stdout } = await snapshot.ended;
  expect(performance.now() - started).toBeLessThan(60_000);
  expect(exitCode).toBe(5);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'lease-held',
    retryable: true,
    message: expect.stringMatching(new RegExp(`run ${large} .* for 4 s`)),
  });
  process.kill(child, 'SIGCONT');
  expect(await monthly.ended).toMatchObject({ exitCode: 0 });
  expect(await verdictsOf(slow)).toMatchObject({ [large]: ['completed'], [small]: ['lease-held'] });
  expect(bus.taken.filter(({ detail }) => detail.runId === large)).toHaveLength(1);
});
