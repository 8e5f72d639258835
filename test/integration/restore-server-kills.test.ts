import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fingerprint } from '../support/fingerprint.ts';
import { chosenMoments, momentNamed, restoreUntil } from '../support/restore-moments.ts';
import { type RestoreScene, type RunningRestore, startRestoreScene, untilTrue } from '../support/restore-scene.ts';
import { hasFile } from '../support/store-files.ts';

const RANDOM_KILLS = Number(process.env.TEST_ROUNDS ?? 2);

describe.each(['no', 'yes'])(
  'a FalkorDB that is killed and starts again has all of one or the other (AOF: %s)',
  (aof) => {
    let scene: RestoreScene;
    beforeAll(async () => {
      scene = await startRestoreScene({ appendonly: aof });
    });
    afterAll(() => scene[Symbol.asyncDispose]());

    /** @returns what FalkorDB holds once the run has ended, which says so */
    async function ended(old: Fingerprint, run: RunningRestore): Promise<'old' | 'new'> {
      const { exitCode, stderr } = await run.ended;
      const failure = stderr.slice(stderr.indexOf('error: '));
      if (scene.journal()) expect(await scene.recover()).toMatchObject({ exitCode: 0 });
      const holds = await scene.expectFree(old);
      if (exitCode === 0) expect(holds).toBe('new');
      else expect(failure).toMatch(/^error: .*restarted|busy|cannot be reached|connect again|hung up/);
      expect(failure).not.toContain('neither');
      if (failure.includes('has its old data')) expect(holds).toBe('old');
      if (failure.includes('holds the restored backup')) expect(holds).toBe('new');
      const wasRequested = hasFile(scene.root, new RegExp(`^runs/.*${run.runId}/requested`));
      if (wasRequested) expect(await scene.verdictsOf(run.runId)).toEqual([exitCode === 0 ? 'completed' : 'failed']);
      expect(await scene.afterRestart(old)).toBe(holds);
      return holds;
    }

    async function restarted(): Promise<void> {
      const runId = await scene.server.info('run_id');
      scene.server.kill();
      await untilTrue(async () => (await scene.server.info('run_id')) !== runId, 10_000);
    }

    // What the AOF changes begins with the load.
    const moments = chosenMoments().filter(({ holds }) => aof === 'no' || holds === 'new');
    test.each(moments)('when $name', async (moment) => {
      await using run = await restoreUntil(scene, moment);
      const { old } = run;
      scene.server.kill();
      const holds = await ended(old, run);
      // Of an AOF it is the old one until the rewrite has ended.
      if (aof === 'no' || moment.isLast) expect(holds).toBe(moment.holds);
    });

    test('after it was promoted and written to', async () => {
      const isDurable = {
        ...momentNamed('FalkorDB saves the backup'),
        isReached: () => Boolean(scene.journal()?.isDurable),
      };
      let run: RunningRestore;
      do {
        run = await restoreUntil(scene, isDurable);
        run.process.kill('SIGKILL');
        await run.ended;
      } while (scene.journal() === undefined);
      // As the agent would have done next.
      await scene.server.client.call('REPLICAOF', 'NO', 'ONE');
      await scene.server.client.call('GRAPH.QUERY', 'g', 'CREATE (:Later)');
      await restarted();
      expect(await scene.recover()).toMatchObject({ exitCode: 0, json: { runId: run.runId, holds: 'backup' } });
    });

    test('at any time', async () => {
      const start = performance.now();
      {
        const old = await scene.changeData();
        await using whole = await scene.restore();
        expect(await whole.ended).toMatchObject({ exitCode: 0 });
        expect(await scene.expectFree(old)).toBe('new');
      }
      const duration = performance.now() - start;
      for (let kill = 0; kill < RANDOM_KILLS; kill++) {
        const old = await scene.changeData();
        await using run = await scene.restore();
        const timer = setTimeout(() => scene.server.kill(), (duration * (kill + Math.random())) / RANDOM_KILLS);
        await ended(old, run);
        clearTimeout(timer);
      }
    });
  },
);
