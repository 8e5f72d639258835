import type { Logger } from 'pino';
import { type Address, describeAddress } from '../falkordb/address.ts';
import type { DumpTimeouts } from '../falkordb/dump-source.ts';
import type { JournalRecord } from './journal.ts';

export type Holds = 'old data' | 'backup' | 'safety backup';

export interface Recovered {
  /** `unknown` where it holds neither, as far as can be seen: it restarted by itself, or refused what it was sent. */
  holds: Holds | 'unknown';
  /** Between what it should hold and what it does, a sentence each. */
  differences: string[];
  /** True where it could not be asked for what it holds: then `holds` is what its history says. */
  couldNotCompare: boolean;
  /** What a person should know, a sentence each. */
  notes: string[];
}

export interface RecoverDeps {
  address: Address;
  timeouts: DumpTimeouts;
  timeoutSeconds: number;
  log: Logger;
  signal: AbortSignal;
}

/** Whether what it holds is what the restore, or its end, was to leave there. */
export function isSure({ holds, differences, couldNotCompare }: Recovered): boolean {
  return holds !== 'unknown' && differences.length === 0 && !couldNotCompare;
}

/** For the end of a message: what the operator has now. */
export function describeRecovered(recovered: Recovered, address: Address): string {
  const { holds, differences, couldNotCompare, notes } = recovered;
  const name = `FalkorDB at ${describeAddress(address)}`;
  const state = {
    'old data': `${name} has its old data and takes writes again.`,
    backup: `${name} holds the restored backup and takes writes.`,
    'safety backup': `${name} has its old data back from the safety backup and takes writes again.`,
    unknown: couldNotCompare
      ? `${name} takes writes, but nobody could tell what it holds: look at it.`
      : `${name} takes writes, but holds neither the old data nor the backup: look at it.`,
  }[holds];
  const differs = differences.length > 0 ? [`What it holds differs: ${differences.join('; ')}.`] : [];
  return [state, ...differs, ...notes].join(' ');
}

/** What to do where the old data is gone. */
export function wayBack({ safetyBackupId }: JournalRecord): string {
  if (safetyBackupId === null) return 'There is no safety backup of what it held before the restore.';
  return `What it held before the restore is in ${safetyBackupId}; to have that back: falkordb-backup restore ${safetyBackupId}`;
}
