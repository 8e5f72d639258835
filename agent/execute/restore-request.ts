import { parseBackupId } from '../../core/model/backup-id.ts';
import type { RequestOf } from '../../core/model/request.ts';
import type { RestoreRequest } from '../restore/plan.ts';
import type { Asked } from './earlier-delivery.ts';

export type RestoringRequest = RequestOf<'restore' | 'plan'>;

export function toRestoreRequest({ backup, fromTarget, runId, options }: RestoringRequest): RestoreRequest {
  return {
    reference: backup,
    runId,
    fromTarget,
    unproven: options.includes('unproven'),
    withSafetyBackup: !options.includes('no-safety-backup'),
    allowNewerEngine: options.includes('allow-newer-engine'),
  };
}

/** Which backup `latest` is shows only later. */
export function toAsked({ action, runId, target, backup }: RestoringRequest): Asked {
  return { verb: action, runId, target, backupId: parseBackupId(backup) ? backup : null };
}
