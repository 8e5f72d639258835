import { bgsaveAndCopy, bgsaveAndRestic, redisCliPipe, redisCliPipeToS3 } from '../contenders/backup-by-hand.ts';
import { bgsaveAlone, limitOfBgsave, limitOfReplication, uploadAlone } from '../contenders/limits.ts';
import { oursBy } from '../contenders/ours.ts';
import type { Results } from '../report/results.ts';
import type { Scene } from '../scene/scene.ts';
import { contendersInTurn } from './in-turn.ts';

const LIMITS = [bgsaveAlone, limitOfBgsave, limitOfReplication];
const OTHERS = {
  folder: [...LIMITS, bgsaveAndCopy, redisCliPipe, bgsaveAndRestic],
  gateway: [...LIMITS, uploadAlone, redisCliPipeToS3, bgsaveAndRestic],
};

/** A backup of the same graph by each contender, into each place. */
export async function benchBackup(scene: Scene, results: Results): Promise<void> {
  for (const place of scene.bench.places) {
    const contenders = [...OTHERS[place], oursBy('bgsave'), oursBy('replication')];
    await contendersInTurn(scene, place, 'backup', contenders, results);
  }
}
