import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { RestorePlan, RestoreRequest } from './plan.ts';

/**
 * All reasons at once: a person mends them in one go.
 * @throws the one refusal, or where there are more an error that lists them, with the code of the first
 */
export function assertPossible({ refusals, source }: RestorePlan): void {
  const [first, ...others] = refusals;
  if (!first || others.length === 0) {
    if (first) throw first;
    return;
  }
  const lines = refusals.map(({ message, hint }) => `\n  - ${message}${hint ? ` ${hint}` : ''}`);
  throw new BackupError(first.code, `${source.name} cannot be restored:${lines.join('')}`, {
    hint: 'Nothing was changed. Mend what is listed, or "fetch" the file and start a server from it.',
  });
}

/** @throws invalid-argument where the backup that is named is another target's than the one that is named */
export function assertOneTarget({ reference, fromTarget }: Pick<RestoreRequest, 'reference' | 'fromTarget'>): void {
  const named = parseBackupId(reference)?.target;
  if (fromTarget === undefined || named === undefined || named === fromTarget) return;
  throw new BackupError('invalid-argument', `${reference} is a backup of ${named}, and not of ${fromTarget}.`, {
    hint: 'Give one of the two: a backup id says whose it is.',
  });
}
