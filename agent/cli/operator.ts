import { hostname, userInfo } from 'node:os';
import { systemErrorCode } from '../../core/model/errors.ts';

/** Who works here, for records that say who did something: `root@db-1`. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

/** A container's user often has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return String(process.getuid?.() ?? 'unknown');
  }
}
