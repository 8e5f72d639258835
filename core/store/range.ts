import { BackupError } from '../model/errors.ts';
import type { ByteRange } from './object-store.ts';

/** @throws internal: such a range is a bug of the caller */
export function assertRange({ start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return;
  throw new BackupError('internal', `Not a range of bytes: ${start} to ${end}.`);
}
