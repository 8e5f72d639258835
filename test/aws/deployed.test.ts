import { beforeAll, expect, test, vi } from 'vitest';
import { scheduledRunId } from '../../core/model/request.ts';
import { DeployedStack } from './stack.ts';

/*
 * What the scenario lane does, against a stack that is deployed and a host that has its agent. It costs a backup; data is
 * replaced only where BACKUP_TEST_RESTORE repeats the name of the target.
 */

const STACK = process.env.BACKUP_TEST_STACK ?? 'FalkorDbBackup';
const TARGET = process.env.BACKUP_TEST_TARGET ?? '';
const RUN = { timeout: 15 * 60_000, interval: 5_000 };

const scheduledFor = new Date(Math.floor(Date.now() / 1000) * 1000);
const runId = scheduledRunId(scheduledFor, 'manual');
let stack: DeployedStack;
beforeAll(async () => {
  if (TARGET === '') throw new Error('Say in BACKUP_TEST_TARGET which target of the stack is to be used.');
  stack = await DeployedStack.find(STACK);
});

const restore = (input: object) => stack.invoke('RestoreFunction', { target: TARGET, ...input });
const untilEnded = (id: string) =>
  vi.waitFor(async () => {
    const status = await restore({ action: 'status', runId: id });
    expect(status.outcome).not.toMatch(/^(requested|running)$/);
    return status;
  }, RUN);

test('a backup by invoke: asked for twice, made once', async () => {
  const input = { tier: 'manual', scheduledTime: scheduledFor.toISOString(), targets: [TARGET] };
  const sent = await stack.invoke('StartBackupFunction', input);
  expect(sent).toMatchObject({ targets: [{ target: TARGET, runId, outcome: 'sent' }] });
  await stack.invoke('StartBackupFunction', input);
  expect(await untilEnded(runId)).toMatchObject({ outcome: 'completed' });
  const { backups } = await restore({ action: 'list', tier: 'manual' });
  expect(backups.filter((backup: { status: string }) => backup.status === 'ok')).not.toEqual([]);
});

test('a plan of the host', async () => {
  const planned = await restore({ action: 'plan', backup: 'latest:manual' });
  expect(planned.host).toBeUndefined();
  expect(await untilEnded(planned.runId)).toMatchObject({ outcome: 'completed', plan: { target: TARGET } });
});

test('prune says what it would remove', async () => {
  expect(await stack.invoke('PruneFunction', { dryRun: true, targets: [TARGET] })).toMatchObject({ status: 'planned' });
});

test.skipIf(process.env.BACKUP_TEST_RESTORE !== TARGET)('a restore by invoke', async () => {
  const started = await restore({ action: 'start', backup: 'latest:manual', confirm: TARGET });
  expect(await untilEnded(started.runId)).toMatchObject({ outcome: 'completed' });
});
