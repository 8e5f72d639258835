import { planPrune } from '../../core/catalog/prune.ts';
import type { RetentionAnswer } from './api.ts';
import type { TargetView } from './target-view.ts';

/** What a prune would do now; nothing is changed. @throws store-*, integrity */
export async function retentionAnswer(view: TargetView, now: Date): Promise<RetentionAnswer> {
  const { store, config, name: target } = view.served;
  const { retention: policy, keepRuns } = config;
  const [plan, backups] = await Promise.all([planPrune(store, { target, policy, keepRuns, now }), view.backups()]);
  const byId = new Map(backups.map((backup) => [backup.backupId, backup]));
  const removed = plan.decisions.filter(({ keep }) => !keep);
  return {
    target,
    decisions: plan.decisions
      .flatMap(({ backup: { backupId }, keep, reason, isGuarded }) => {
        const backup = byId.get(backupId);
        return backup ? [{ backup, keep, reason, isGuarded }] : [];
      })
      .reverse(),
    removed: removed.length,
    freedBytes: removed.reduce((sum, { backup }) => sum + (backup.storedBytes ?? 0), 0),
  };
}
