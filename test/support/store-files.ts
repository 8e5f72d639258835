import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leaseKey } from '../../core/model/keys.ts';
import { type LeaseRecord, leaseSchema } from '../../core/model/lease.ts';

/** Size of the largest unfinished upload of a folder store; undefined where there is none. */
export function uploadedBytes(root: string): number | undefined {
  const sizes = filesOf(join(root, '.tmp'))
    .filter((name) => name.endsWith('.upload'))
    .map((name) => statSync(join(root, '.tmp', name), { throwIfNoEntry: false })?.size)
    .filter((size) => size !== undefined);
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

export function hasFile(root: string, name: RegExp): boolean {
  return filesOf(root, true).some((path) => name.test(path));
}

export function readLease(root: string, target: string): LeaseRecord {
  return leaseSchema.parse(JSON.parse(readFileSync(join(root, leaseKey(target)), 'utf8')));
}

/** As if its holder had been away for longer than it lasts. */
export function expireLease(root: string, target: string): void {
  const lease = { ...readLease(root, target), expiresAt: new Date(0).toISOString() };
  writeFileSync(join(root, leaseKey(target)), JSON.stringify(lease));
}

function filesOf(folder: string, recursive = false): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: 'utf8' });
  } catch {
    // Not there yet, or gone while it was being read.
    return [];
  }
}
