import type { ObjectStore } from '../core/store/object-store.ts';
import type { Config } from './config.ts';
import { checkEventBus } from './doctor/bus-check.ts';
import { checkDatabase } from './doctor/database-checks.ts';
import type { Finding } from './doctor/finding.ts';
import { checkOrphans } from './doctor/orphan-check.ts';
import { checkUnfinishedRestore } from './doctor/restore-check.ts';
import { checkStore } from './doctor/store-checks.ts';

export interface DoctorDeps {
  config: Config;
  store: ObjectStore;
  now: () => Date;
}

/**
 * Checks everything a backup needs, and whether somebody hears of it; what is wrong is a finding, not an error.
 * @param isOnAws where the functions ask for it: their topic and webhooks hear of nothing but by the bus
 */
export async function examine(
  { config, store, now }: DoctorDeps,
  { isOnAws = false }: { isOnAws?: boolean } = {},
): Promise<Finding[]> {
  const [database, storage, bus] = await Promise.all([
    checkDatabase(config, now),
    checkStore(store, config.target, now),
    checkEventBus(config, isOnAws),
  ]);
  const works = storage.every(({ level }) => level !== 'problem');
  const leftOvers = works
    ? [await checkOrphans(store, config.target, now()), await checkUnfinishedRestore(config, store, now())]
    : [];
  return [...database, ...storage, ...leftOvers, ...bus];
}
