import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fingerprint } from '../support/fingerprint.ts';
import { chosenMoments, momentNamed, restoreUntil } from '../support/restore-moments.ts';
import { type RestoreScene, type RunningRestore, startRestoreScene, untilTrue } from '../support/restore-scene.ts';

const RANDOM_CUTS = Number(process.env.TEST_ROUNDS ?? 1);

/** More than a second of them. */
const CUTS_IN_A_ROW = 60;

let scene: RestoreScene;
beforeAll(async () => {
  scene = await startRestoreScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

/** All connections of one kind, but for the one that asks. */
const cut = (type: 'normal' | 'master') => scene.server.client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');

/** @returns what FalkorDB holds once the run has ended, which says so and has set it free by itself */
async function ended(old: Fingerprint, run: RunningRestore): Promise<'old' | 'new'> {
  const { exitCode, stderr } = await run.ended;
  const failure = stderr.slice(stderr.indexOf('error: '));
  const holds = await scene.expectFree(old);
  if (exitCode === 0) expect(holds).toBe('new');
  else expect(failure).toMatch(/^error: .*(cannot be reached|hung up|connect again)/);
  if (failure.includes('has its old data')) expect(holds).toBe('old');
  if (failure.includes('holds the restored backup')) expect(holds).toBe('new');
  return holds;
}

describe('a cut connection', () => {
  const ofAgent = chosenMoments().filter(({ isLast }) => !isLast);
  test.each(ofAgent)("of the agent's to FalkorDB, when $name", async (moment) => {
    await using run = await restoreUntil(scene, moment);
    const { old } = run;
    await cut('normal');
    await ended(old, run);
  });

  const ofFalkordb = ofAgent.slice(ofAgent.indexOf(momentNamed('the safety backup is being saved')));
  test.each(ofFalkordb)("of FalkorDB's to the agent, when $name", async (moment) => {
    await using run = await restoreUntil(scene, moment);
    const { old } = run;
    await cut('master');
    expect(await ended(old, run)).toBe('new');
  });

  test('in the middle of the transfer, which FalkorDB gives up', async () => {
    const { client } = scene.server;
    await using run = await restoreUntil(scene, momentNamed('FalkorDB received a part of the backup'));
    const { old } = run;
    run.process.kill('SIGSTOP');
    await client.config('SET', 'repl-timeout', 1);
    await untilTrue(async () => (await scene.server.info('master_sync_in_progress')) === '0', 10_000);
    await client.config('SET', 'repl-timeout', 60);
    run.process.kill('SIGCONT');
    expect(await ended(old, run)).toBe('old');
  });

  test.each(['it set masterauth', 'FalkorDB has loaded the backup'])('again and again since %s', async (name) => {
    await using run = await restoreUntil(scene, momentNamed(name));
    const { old } = run;
    for (let cuts = 0; cuts < CUTS_IN_A_ROW; cuts++) {
      await cut('normal');
      await delay(20);
    }
    await ended(old, run);
  });

  test('of both kinds at any time', async () => {
    for (let round = 0; round < RANDOM_CUTS; round++) {
      const old = await scene.changeData();
      await using run = await scene.restore();
      let isOver = false;
      void run.ended.then(() => {
        isOver = true;
      });
      while (!isOver) {
        await delay(Math.random() * 1500);
        await cut(Math.random() < 0.5 ? 'normal' : 'master');
      }
      await ended(old, run);
    }
  });
});
