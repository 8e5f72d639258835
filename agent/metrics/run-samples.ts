import type { Run } from '../../core/catalog/runs.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { type RunOutcome, runOutcome } from '../../core/model/run-record.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import { type Sample, sample } from './definitions.ts';
import type { StoreFacts } from './store-facts.ts';

/** Plans change nothing, and say nothing of the target. */
const VERBS = ['backup', 'restore', 'prune'] as const;
const OUTCOMES: readonly RunOutcome[] = ['requested', 'running', 'completed', 'skipped', 'failed'];

interface Stream {
  verb: (typeof VERBS)[number];
  /** Empty where it is no backup. */
  tier: Tier | '';
}

const STREAMS: readonly Stream[] = [
  ...TIERS.map((tier) => ({ verb: 'backup' as const, tier })),
  { verb: 'restore', tier: '' },
  { verb: 'prune', tier: '' },
];

interface Classified extends Stream {
  outcome: RunOutcome;
  /** Undefined where it has not ended, as far as anybody can tell. */
  endedAt: string | undefined;
}

export function runSamples({ target, runs, backups }: StoreFacts): Sample[] {
  const made = new Map(backups.map((manifest) => [manifest.runId, manifest]));
  const classified = runs.flatMap((run) => classify(run, made.get(run.runId)));
  const counts = VERBS.flatMap((verb) =>
    OUTCOMES.map((outcome) => {
      const count = classified.filter((run) => run.verb === verb && run.outcome === outcome).length;
      return sample('falkordb_backup_runs', { target, verb, outcome }, count);
    }),
  );
  const streams = STREAMS.flatMap(({ verb, tier }) => {
    const labels = { target, verb, tier };
    const ended = classified.filter((run) => run.verb === verb && run.tier === tier && run.endedAt !== undefined);
    const failures = ended.length - 1 - ended.findLastIndex(({ outcome }) => outcome !== 'failed');
    const at = ended.at(-1)?.endedAt;
    return [
      ...(at ? [sample('falkordb_backup_last_run_timestamp_seconds', labels, Date.parse(at) / 1000)] : []),
      sample('falkordb_backup_last_run_failed', labels, failures > 0 ? 1 : 0),
      sample('falkordb_backup_consecutive_failures', labels, failures),
    ];
  });
  return [...counts, ...streams];
}

/** None where it is a plan, or nobody can tell what was asked for. */
function classify(run: Run, made: Manifest | undefined): Classified[] {
  const verb = VERBS.find((candidate) => candidate === run.requested?.verb);
  const tier = verb === 'backup' ? parseBackupId(run.requested?.backupId ?? '')?.tier : '';
  if (!verb || tier === undefined) return [];
  const outcome = runOutcome(run, made !== undefined);
  const own = run.verdicts.findLast(({ verdict }) => verdict === outcome);
  return [{ verb, tier, outcome, endedAt: own?.endedAt ?? made?.completedAt }];
}
