import type { Logger } from 'pino';
import type { BackupError } from '../../core/model/errors.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Config } from '../config.ts';
import type { OnProgress } from '../progress.ts';

/** A safety backup is of a restore, which an import is not. */
export const IMPORT_TIERS = TIERS.filter((tier) => tier !== 'pre-restore');

export interface ImportRequest {
  file: string;
  tier: Tier;
  /** When it was taken; undefined where the dump, or what lies beside it, is to say so. */
  takenAt: Date | undefined;
  runId: string;
  /** Only looks at the file and at the store. */
  isDryRun: boolean;
}

export interface ImportDeps {
  config: Config;
  store: ObjectStore;
  now: () => Date;
  log: Logger;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/** What became of one file. What was not found out, because it failed before, is null. */
export interface ImportResult {
  /** As the user named it. */
  file: string;
  backupId: string | null;
  takenAt: Date | null;
  /** Of the plain dump. */
  bytes: number | null;
  /** How many; null in a dry run, too, which loads nothing. */
  graphs: number | null;
  nodes: number | null;
  status: 'imported' | 'exists' | 'failed' | 'planned';
  error: BackupError | null;
  /** A sentence each. */
  warnings: string[];
}
