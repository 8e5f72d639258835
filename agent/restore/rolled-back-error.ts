import { BackupError } from '../../core/model/errors.ts';

/** Why a restore was undone: FalkorDB has its old data back from the safety backup. */
export class RolledBackError extends BackupError {}

export function isRolledBack(failure: BackupError): boolean {
  return failure instanceof RolledBackError;
}
