import {
  bgsaveAlone,
  bgsaveAndCopy,
  bgsaveAndRestic,
  redisCliPipe,
  redisCliPipeToS3,
} from '../contenders/backup-by-hand.ts';
import { oursBy } from '../contenders/ours.ts';
import type { Results } from '../report/results.ts';
import type { Scene } from '../scene/scene.ts';
import { contendersInTurn } from './in-turn.ts';

const BY_HAND = {
  folder: [bgsaveAndCopy, redisCliPipe, bgsaveAndRestic],
  gateway: [redisCliPipeToS3, bgsaveAndRestic],
};

/** A backup of the same graph by each contender, into each place. */
export async function benchBackup(scene: Scene, results: Results): Promise<void> {
  for (const place of scene.bench.places) {
    const contenders = [bgsaveAlone, ...BY_HAND[place], oursBy('bgsave'), oursBy('replication')];
    await contendersInTurn(scene, place, 'backup', contenders, results);
  }
}
