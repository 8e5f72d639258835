import { copyAndRestart, oursProved, oursUnproved, provedBackup } from '../contenders/restores.ts';
import type { Results } from '../report/results.ts';
import type { Scene } from '../scene/scene.ts';
import { contendersInTurn } from './in-turn.ts';

/** A restore of the same graph over itself, until all indexes are OPERATIONAL, from each place. */
export async function benchRestore(scene: Scene, results: Results): Promise<void> {
  for (const place of scene.bench.places) {
    const proved = await provedBackup(scene, place);
    const contenders = [copyAndRestart, oursProved(proved)];
    // What they cost beyond that has nothing to do with the place.
    if (place === 'folder') contenders.push(oursProved(proved, ['--no-safety-backup']), oursUnproved);
    await contendersInTurn(scene, place, 'restore', contenders, results);
    await proved.remove();
  }
}
