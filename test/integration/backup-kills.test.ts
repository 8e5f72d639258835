import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { AgentProcess } from '../support/agent-process.ts';
import { nextTime } from '../support/backups.ts';
import { DUMP_BYTES, SOURCES, startSlowBackups } from '../support/slow-backups.ts';
import { hasFile, uploadedBytes } from '../support/store-files.ts';

const KILLS = 6;

const hasRecord = (root: string, record: string) => hasFile(root, new RegExp(`^runs/.*${record}\\.json$`));
const isUploading = (root: string, bytes: number) => hasRecord(root, 'started') && (uploadedBytes(root) ?? 0) >= bytes;

const MOMENTS: [string, (root: string) => boolean][] = [
  ['it recorded what was asked for', (root) => hasRecord(root, 'requested')],
  ['it took the lease', (root) => hasFile(root, /^locks\//)],
  ['it recorded its start', (root) => hasRecord(root, 'started')],
  ['it uploaded the first bytes', (root) => isUploading(root, 1)],
  ['it uploaded half of them', (root) => isUploading(root, DUMP_BYTES / 2)],
  ['it published the dump', (root) => hasFile(root, /^manual\/.*dump\.rdb$/)],
  ['it stored the state', (root) => hasFile(root, /^manual\/.*state\.json$/)],
  ['it committed the manifest', (root) => hasFile(root, /^manual\/.*manifest\.json$/)],
  ['it recorded its verdict', (root) => hasRecord(root, 'verdict-1')],
];

/** True once it holds; false where the agent ended before. */
async function reached(moment: () => boolean, { ended }: AgentProcess): Promise<boolean> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    if (moment()) return true;
    await delay(1);
  }
  return moment();
}

describe.each(SOURCES)('an agent killed with -9 leaves no backup or a whole one, and is no obstacle (%s)', (source) => {
  test('at any time', async () => {
    await using slow = await startSlowBackups();
    const start = performance.now();
    {
      await using whole = await slow.agent(source, nextTime());
      expect(await whole.ended).toMatchObject({ exitCode: 0 });
    }
    const duration = performance.now() - start;
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const scheduledFor = nextTime();
      await using victim = await slow.agent(source, scheduledFor);
      const timer = setTimeout(() => victim.process.kill('SIGKILL'), (duration * (kill + Math.random())) / KILLS);
      const { exitCode, signal } = await victim.ended;
      clearTimeout(timer);
      // Where it was faster than the first one, there was nothing to kill.
      expect([exitCode, signal]).toEqual(signal ? [null, 'SIGKILL'] : [0, null]);
      if (signal) killed += 1;
      await slow.nextRunSucceeds(scheduledFor);
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS / 2);
  });

  test.each(MOMENTS)('when %s', async (_, moment) => {
    await using slow = await startSlowBackups();
    const scheduledFor = nextTime();
    await using victim = await slow.agent(source, scheduledFor);
    expect(await reached(() => moment(slow.root), victim)).toBe(true);
    victim.process.kill('SIGKILL');
    await victim.ended;
    await slow.nextRunSucceeds(scheduledFor);
  });
});
