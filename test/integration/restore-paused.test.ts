import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TARGET } from '../support/backups.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { momentNamed, restoreUntil } from '../support/restore-moments.ts';
import { type RestoreScene, startRestoreScene } from '../support/restore-scene.ts';
import { expireLease } from '../support/store-files.ts';

let scene: RestoreScene;
beforeEach(async () => {
  scene = await startRestoreScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** What wakes up finds its lease gone, says so, and changes nothing. */
async function wake(run: Awaited<ReturnType<RestoreScene['restore']>>): Promise<void> {
  const { client } = scene.server;
  const before = await fingerprint(client);
  run.process.kill('SIGCONT');
  const { exitCode, stderr } = await run.ended;
  expect(stderr.slice(stderr.indexOf('error: '))).toMatch(
    /^error: (The lease on \S+ went to|The restore \S+ was ended by)/,
  );
  expect(exitCode).toBe(5);
  expect(await scene.expectFree(before)).toBe('old');
}

describe('an agent that was stopped (SIGSTOP), recovered by another one, and goes on, does no harm', () => {
  test.each([
    'the safety backup is being saved',
    'FalkorDB received a part of the backup',
    'FalkorDB saves the backup',
  ])('since %s', async (name) => {
    const moment = momentNamed(name);
    await using sleeper = await restoreUntil(scene, moment);
    const { old } = sleeper;
    sleeper.process.kill('SIGSTOP');
    // Its process is alive, so that only time may take its lease from it.
    expect(await scene.recover()).toMatchObject({ exitCode: 5 });
    expireLease(scene.root, TARGET);
    expect(await scene.recover()).toMatchObject({ exitCode: 0, json: { runId: sleeper.runId } });
    expect(await scene.expectFree(old)).toBe(moment.holds);
    await scene.changeData();
    await wake(sleeper);
  });

  test('also where it is another restore that it wakes up in', async () => {
    await using sleeper = await restoreUntil(scene, momentNamed('FalkorDB saves the backup'));
    sleeper.process.kill('SIGSTOP');
    expireLease(scene.root, TARGET);
    expect(await scene.recover()).toMatchObject({ exitCode: 0 });
    await using other = await restoreUntil(scene, momentNamed('the safety backup is being saved'));
    const { old } = other;
    sleeper.process.kill('SIGCONT');
    expect(await sleeper.ended).toMatchObject({ exitCode: 5 });
    expect(await other.ended).toMatchObject({ exitCode: 0 });
    expect(await scene.expectFree(old)).toBe('new');
  });
});
