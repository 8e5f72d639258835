import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { newestVerification, recordVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Verification } from '../../core/model/verification.ts';
import { reached } from '../support/agent-process.ts';
import type { Fingerprint } from '../support/fingerprint.ts';
import { momentNamed, restoreUntil } from '../support/restore-moments.ts';
import { type RestoreScene, type RunningRestore, startRestoreScene } from '../support/restore-scene.ts';

const LOADED = momentNamed('FalkorDB has loaded the backup');

/** A restore that succeeds, and with it a proof of the backup. */
async function restoreOnce(scene: RestoreScene): Promise<void> {
  const old = await scene.changeData();
  await using sound = await scene.restore();
  expect(await sound.ended).toMatchObject({ exitCode: 0 });
  expect(await scene.expectFree(old)).toBe('new');
}

/** Notes, as somebody's damage would, a load of the backup that told something else. */
async function misjudge(
  { store, backupId }: RestoreScene,
  change: (contents: NonNullable<Verification['contents']>) => Partial<Verification['contents']>,
): Promise<void> {
  const parts = parseBackupId(backupId);
  const manifest = parts && (await findManifest(store, parts));
  const sound = manifest && (await newestVerification(store, manifest));
  if (!parts || !sound?.contents) throw new Error('nothing to misjudge');
  const verifiedAt = new Date(Date.parse(sound.verifiedAt) + 2000).toISOString();
  const contents = { ...sound.contents, ...change(sound.contents) };
  await recordVerification(store, parts, { ...sound, verifiedAt, contents });
}

async function expectRolledBack(scene: RestoreScene, run: RunningRestore, old: Fingerprint, end: object, why: RegExp) {
  const { exitCode, stderr } = await run.ended;
  expect({ exitCode }).toMatchObject(end);
  expect(stderr).toMatch(why);
  expect(stderr).toContain('has its old data back from the safety backup and takes writes again.');
  expect(await scene.expectFree(old)).toBe('old');
  expect(await scene.verdictsOf(run.runId)).toEqual(['failed']);
}

test.each(['no'])('what differs from the proof is replaced by the safety backup (AOF: %s)', async (appendonly) => {
  await using scene = await startRestoreScene({ appendonly });
  await restoreOnce(scene);
  await misjudge(scene, ({ samples }) => ({ samples: { ...samples, g: 'a'.repeat(64) } }));
  const old = await scene.changeData();
  await using run = await scene.restore();
  await expectRolledBack(scene, run, old, { exitCode: 4 }, /error: What FalkorDB loaded differs from .*graph g/);
  expect(await scene.afterRestart(old)).toBe('old');
});

test.each(['yes'])('what FalkorDB cannot save is replaced by the safety backup (AOF: %s)', async (appendonly) => {
  await using scene = await startRestoreScene({ appendonly });
  await using run = await restoreUntil(scene, LOADED);
  const { old } = run;
  const pid = await scene.server.info('process_id');
  const isRollingBack = () => scene.journal()?.streams.length === 2;
  // As the kernel does where memory is short.
  const killSaves = async () => {
    await execa('pkill', ['-KILL', '-P', pid], { reject: false });
    await delay(20);
    return isRollingBack();
  };
  expect(await reached(killSaves, run)).toBe(true);
  await expectRolledBack(
    scene,
    run,
    old,
    { exitCode: 6 },
    /error: FalkorDB at \S+ failed to (save its data|rewrite its AOF)/,
  );
  expect(await scene.afterRestart(old)).toBe('old');
});

test.each(['no'])('a FalkorDB that can write no file at all is set free, and said so (AOF: %s)', async (appendonly) => {
  await using scene = await startRestoreScene({ appendonly });
  await using run = await restoreUntil(scene, LOADED);
  const { old } = run;
  const dump = join(scene.server.folder, 'dump.rdb');
  await rm(dump);
  await mkdir(dump);
  const { exitCode, stderr } = await run.ended;
  expect(exitCode).toBe(6);
  expect(stderr).toMatch(
    /error: \S+ at \S+ failed to save its data\. \S+-pre-restore could not be loaded in its place: .* does not load it\. .* holds the restored backup and takes writes\. It could not be made durable .*failed to save/,
  );
  expect(await scene.expectFree(old)).toBe('new');
});
