import { formatBackupId } from '../../core/model/backup-id.ts';
import type { RequestOf } from '../../core/model/request.ts';
import { type BackupDeps, type BackupResult, backup } from '../backup.ts';
import { type Duplicate, duplicate, findEarlier, hasSucceeded, unlessAtWork } from './earlier-delivery.ts';

/**
 * Makes one backup; again, where an earlier delivery of the request has failed.
 * @throws invalid-argument where the run was recorded as another thing; as `backup`
 */
export async function executeBackup(
  { runId, target, tier, ...request }: RequestOf<'backup'>,
  deps: BackupDeps,
): Promise<{ action: 'backup'; result: BackupResult } | Duplicate> {
  const scheduledFor = new Date(request.scheduledFor);
  const asked = {
    verb: 'backup' as const,
    runId,
    target,
    backupId: formatBackupId({ target, tier, scheduledFor }),
  };
  if (hasSucceeded(await findEarlier(deps.store, asked))) return duplicate(asked);
  return unlessAtWork(asked, async () => ({
    action: 'backup' as const,
    result: await backup({ tier, scheduledFor, runId, isScheduled: tier !== 'manual' }, deps),
  }));
}
