import { toBackupError } from '../../core/model/errors.ts';
import type { PartState } from './api.ts';

export function up(now: Date): PartState {
  return { state: 'up', checkedAt: now.toISOString(), message: null, hint: null };
}

export function down(error: unknown, now: Date): PartState {
  const { message, hint = null } = toBackupError(error);
  return { state: 'down', checkedAt: now.toISOString(), message, hint };
}
