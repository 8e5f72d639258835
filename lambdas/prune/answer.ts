import type { FailedPrune, TargetPrune, TargetsPrune } from '../../core/catalog/prune-targets.ts';

/** Lambda answers with 6 MB at most, and with an error where it is more. */
const MAX_CHARS = 5_000_000;

export interface PruneAnswer {
  status: 'completed' | 'planned';
  targets: (TargetCounts & Partial<TargetLists>)[];
  /** Where trying again does not help. */
  failed: { target: string; runId: string | null; code: string; message: string; hint: string | null }[];
  /** Not even looked at, because the time was up: the next prune does them. */
  postponed: string[];
  /** Where lists had to be left out. */
  note?: string;
}

interface TargetCounts {
  target: string;
  runId: string | null;
  /** Of backups; those that are guarded are among those that are kept. */
  counts: { kept: number; guarded: number; toRemove: number; removed: number };
  /** That were removed, or would be. */
  orphans: { objects: number; uploads: number };
  runRecords: number;
}

interface Why {
  backupId: string;
  reason: string;
}

interface TargetLists {
  /** Kept only because newer ones hold much less. */
  guarded: Why[];
  /** Of a dry run. */
  plan: { keep: Why[]; remove: Why[] } | null;
  /** Null for a dry run. */
  result: {
    removed: string[];
    /** Which the store would not let go. */
    refused: { backupId: string; message: string }[];
    /** Pinned, or taken up by a restore, meanwhile. */
    spared: string[];
    /** For the next time, because the time was up. */
    postponed: string[];
    /** What else the store would not let go. */
    left: { key: string; why: string }[];
  } | null;
}

export function describeTargets(
  { pruned, failed, postponed }: TargetsPrune,
  { dryRun }: { dryRun: boolean },
): PruneAnswer {
  const status = dryRun ? 'planned' : 'completed';
  const targets = pruned.map((each) => ({ ...countsOf(each), ...listsOf(each) }));
  const rest = { failed: failed.map(whyOf), postponed };
  const answer = { status, targets, ...rest } as const;
  if (JSON.stringify(answer).length <= MAX_CHARS) return answer;
  const note = 'Too much to say which backups: name some of the targets, or see the log.';
  return { status, targets: pruned.map(countsOf), ...rest, note };
}

function whyOf({ target, runId, error }: FailedPrune): PruneAnswer['failed'][number] {
  const { code, message, hint = null } = error;
  return { target, runId, code, message, hint };
}

function countsOf({ runId, plan, result }: TargetPrune): TargetCounts {
  const { request, decisions, orphans, runRecords } = plan;
  const kept = decisions.filter(({ keep }) => keep);
  return {
    target: request.target,
    runId,
    counts: {
      kept: kept.length,
      guarded: kept.filter(({ isGuarded }) => isGuarded).length,
      toRemove: decisions.length - kept.length,
      removed: result?.removed.length ?? 0,
    },
    orphans: {
      objects: result?.orphans.objects ?? orphans.objects.length,
      uploads: result?.orphans.uploads ?? orphans.uploads.length,
    },
    runRecords: result?.runRecords ?? runRecords.length,
  };
}

function listsOf({ plan: { decisions }, result }: TargetPrune): TargetLists {
  const all = decisions.map(({ backup: { backupId }, ...decision }) => ({ backupId, ...decision }));
  const why = ({ backupId, reason }: Why): Why => ({ backupId, reason });
  return {
    guarded: all.filter(({ isGuarded }) => isGuarded).map(why),
    plan: result
      ? null
      : { keep: all.filter(({ keep }) => keep).map(why), remove: all.filter(({ keep }) => !keep).map(why) },
    result: result && {
      removed: result.removed,
      refused: result.refused.map(({ backupId, error: { message } }) => ({ backupId, message })),
      spared: result.spared,
      postponed: result.postponed,
      left: [...result.left, ...result.orphans.left],
    },
  };
}
