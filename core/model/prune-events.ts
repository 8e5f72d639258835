import type { BackupError } from './errors.ts';
import { clip, describeError } from './event-texts.ts';
import { type BackupEvent, backupEvent, type EventDetail } from './events.ts';
import type { Decision, Retainable } from './retention.ts';

/** What a prune of one target came to, as far as it is told. */
export type PruneReport = { runId: string | null } & (
  | { plan: { request: { target: string }; decisions: Decision<Retainable>[] }; result: PruneCounts | null }
  | { target: string; error: BackupError }
);

export interface PruneCounts {
  removed: string[];
  refused: { backupId: string; error: BackupError }[];
  postponed: string[];
  orphans: { objects: number };
  runRecords: number;
}

/** Nothing where it was only planned. */
export function pruneEvents(report: PruneReport, at: Date): BackupEvent[] {
  const { runId } = report;
  if (runId === null) return [];
  if ('error' in report) return [pruneFailed(report.target, runId, report.error, at)];
  const { plan, result } = report;
  if (result === null) return [];
  const { target } = plan.request;
  const known = { at: at.toISOString(), target, runId };
  return [pruned(known, runId, result), ...guarded(known, plan.decisions)];
}

export function pruneFailed(target: string, runId: string, error: BackupError, at: Date): BackupEvent {
  const message = clip(`Prune of ${target} failed: ${error.message}`);
  return backupEvent('Prune Failed', runId, { at: at.toISOString(), target, runId, message, ...describeError(error) });
}

type Known = Pick<EventDetail, 'at' | 'target'>;

function pruned(known: Known, runId: string, result: PruneCounts): BackupEvent {
  const { removed, refused, postponed, orphans, runRecords } = result;
  const done = `Prune of ${known.target} removed ${removed.length} backups, ${orphans.objects} orphans and ${runRecords} run records`;
  const [first] = refused;
  if (!first) {
    const rest = postponed.length > 0 ? `; ${postponed.length} backups are left for the next time` : '';
    return backupEvent('Prune Completed', runId, { ...known, message: `${done}${rest}.` });
  }
  const message = clip(`${done}, but the store refused ${namesOf(refused)}: ${first.error.message}`);
  return backupEvent('Prune Failed', runId, { ...known, message, ...describeError(first.error) });
}

/** It is the same fact each time until somebody acts: one notice a day. */
function guarded(known: Known, decisions: Decision<Retainable>[]): BackupEvent[] {
  const held = decisions.filter(({ isGuarded }) => isGuarded).map(({ backup, reason }) => ({ ...backup, reason }));
  const [first] = held;
  if (!first) return [];
  const message = `Retention keeps what it would remove of ${known.target}, because newer backups hold much less: ${namesOf(held)}. ${first.backupId}: ${first.reason}.`;
  return [
    backupEvent('Retention Guarded', known.at.slice(0, 10), {
      ...known,
      message: clip(message),
      hint: 'Find out what became of the data: it can be restored from these backups. Accept the loss only if it is right.',
    }),
  ];
}

function namesOf(backups: { backupId: string }[]): string {
  const names = backups.slice(0, 3).map(({ backupId }) => backupId);
  const others = backups.length - names.length;
  return `${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}
