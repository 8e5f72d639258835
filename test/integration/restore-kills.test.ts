import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fingerprint } from '../support/fingerprint.ts';
import { chosenMoments, MOMENTS, momentNamed, restoreUntil } from '../support/restore-moments.ts';
import { type RestoreScene, type RunningRestore, startRestoreScene } from '../support/restore-scene.ts';

const RANDOM_KILLS = Number(process.env.TEST_ROUNDS ?? 2);

describe.each(['no', 'yes'])('an agent killed with -9 leaves what restore --recover ends (AOF: %s)', (appendonly) => {
  let scene: RestoreScene;
  beforeAll(async () => {
    scene = await startRestoreScene({ appendonly });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  /** @returns what FalkorDB holds once it was recovered, which a restart does not change */
  async function recovered(old: Fingerprint, run: RunningRestore): Promise<'old' | 'new'> {
    const wasBegun = scene.journal() !== undefined;
    const end = await scene.recover();
    expect(end).toMatchObject({
      exitCode: 0,
      json: wasBegun ? { status: 'recovered', runId: run.runId, differences: [] } : { status: 'nothing-to-recover' },
    });
    const holds = await scene.expectFree(old);
    if (wasBegun) expect(end.json.holds).toBe(holds === 'new' ? 'backup' : 'old data');
    if (wasBegun) expect(await scene.verdictsOf(run.runId)).toEqual([holds === 'new' ? 'completed' : 'failed']);
    if (holds === 'new') expect(await scene.afterRestart(old)).toBe(holds);
    return holds;
  }

  async function nextRestoreSucceeds(): Promise<void> {
    const old = await scene.changeData();
    await using next = await scene.restore();
    expect(await next.ended).toMatchObject({ exitCode: 0 });
    expect(await scene.expectFree(old)).toBe('new');
  }

  // What the AOF changes begins with the load.
  const moments = (appendonly === 'no' ? MOMENTS : chosenMoments()).filter(
    ({ holds }) => appendonly === 'no' || holds === 'new',
  );
  test.each(moments)('when $name', async (moment) => {
    await using victim = await restoreUntil(scene, moment);
    const { old } = victim;
    victim.process.kill('SIGKILL');
    const { signal } = await victim.ended;
    if (!moment.isLast) expect(signal).toBe('SIGKILL');
    expect(await recovered(old, victim)).toBe(moment.holds);
    if (moment.isRepeated) await nextRestoreSucceeds();
  });

  test.runIf(appendonly === 'yes')('and what was recovered is durable, however long that takes', async () => {
    await using victim = await restoreUntil(scene, momentNamed('FalkorDB loads the backup'));
    // The rewrite that FalkorDB itself begins after the load would else be over before anybody looks.
    await scene.server.client.config('SET', 'rdb-key-save-delay', 60_000);
    victim.process.kill('SIGKILL');
    await victim.ended;
    expect(await recovered(victim.old, victim)).toBe('new');
  });

  test('at any time', async () => {
    const start = performance.now();
    await nextRestoreSucceeds();
    const duration = performance.now() - start;
    let killed = 0;
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const old = await scene.changeData();
      await using victim = await scene.restore();
      const timer = setTimeout(
        () => victim.process.kill('SIGKILL'),
        (duration * (kill + Math.random())) / RANDOM_KILLS,
      );
      const { exitCode, signal } = await victim.ended;
      clearTimeout(timer);
      // Where it was faster than the first one, there was nothing to kill.
      expect([exitCode, signal]).toEqual(signal ? [null, 'SIGKILL'] : [0, null]);
      if (signal) killed += 1;
      const holds = await recovered(old, victim);
      if (!signal) expect(holds).toBe('new');
    }
    expect(killed).toBeGreaterThanOrEqual(RANDOM_KILLS / 2);
  });
});
