import type { ActivityAnswer } from '../../api.ts';
import { bytesText, countText } from './numbers.ts';

type Progress = NonNullable<ActivityAnswer['progress']>;

const PHASES: Record<Progress['phase'], string> = {
  inventory: 'Counting what is in the graphs',
  save: 'FalkorDB saves its dump',
  transfer: 'Writing it to the store',
  verify: 'Reading it back from the store',
  fetch: 'Fetching it from the store',
  load: 'Loading it into a throw-away FalkorDB',
  restore: 'Restoring',
  compare: 'Comparing what was loaded',
  indexes: 'Building indexes',
  prune: 'Removing what is no longer kept',
};

const KINDS: Record<ActivityAnswer['kind'], string> = {
  backup: 'Backup',
  verify: 'Verification',
  prune: 'Prune',
};

export interface ProgressText {
  phase: string;
  /** `12.4 MB of 30 MB (41%)`; empty before anything can be told. */
  amount: string;
  /** 0 to 1; undefined where only its end will tell. */
  fraction: number | undefined;
}

export function progressText(progress: Progress | null): ProgressText {
  if (!progress) return { phase: 'Starting', amount: '', fraction: undefined };
  const { phase, unit, done, total } = progress;
  const show = unit === 'bytes' ? bytesText : countText;
  const units = unit === 'bytes' ? '' : ` ${unit}`;
  if (total === null || total === 0) {
    return { phase: PHASES[phase], amount: done === 0 ? '' : `${show(done)}${units}`, fraction: undefined };
  }
  const fraction = Math.min(1, done / total);
  const percent = `(${Math.floor(fraction * 100)}%)`;
  return { phase: PHASES[phase], amount: `${show(done)} of ${show(total)}${units} ${percent}`, fraction };
}

/** `Backup, daily`; `Verification of 20261122T023000Z-falkordb-daily` */
export function activityTitle({ kind, tier, backupId }: ActivityAnswer): string {
  if (kind === 'backup') return tier === null ? KINDS.backup : `${KINDS.backup}, ${tier}`;
  return backupId === null ? KINDS[kind] : `${KINDS[kind]} of ${backupId}`;
}

/** `Verification` */
export function kindText(kind: ActivityAnswer['kind']): string {
  return KINDS[kind];
}
