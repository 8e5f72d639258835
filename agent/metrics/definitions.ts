/** One metric. All are gauges: a command that ends cannot count on, so what is counted is counted anew each time. */
export interface MetricDefinition {
  help: string;
  labels: readonly string[];
}

const ofTarget = ['target'] as const;
const ofTier = ['target', 'tier'] as const;
/** `tier` is empty where the run is no backup. */
const ofRuns = ['target', 'verb', 'tier'] as const;
const ofCommands = ['target', 'verb'] as const;

/** By name; docs/metrics.md holds the same table. Every series names its target, so that files of several can be read together. */
export const METRICS = {
  falkordb_backup_info: {
    help: 'Always 1; the version of falkordb-backup that wrote these metrics.',
    labels: ['target', 'version'],
  },
  falkordb_backup_source_info: {
    help: 'Always 1; how the newest backup was taken, and from which versions.',
    labels: ['target', 'source', 'falkordb_version', 'redis_version'],
  },
  falkordb_backup_store_up: {
    help: '1 if the store could be read for these metrics; if it is 0, they are those of the last time.',
    labels: ofTarget,
  },
  falkordb_backup_first_seen_timestamp_seconds: {
    help: 'When the target first showed itself, in the store or in this metrics file; what never came is expected since then.',
    labels: ofTarget,
  },
  falkordb_backup_last_success_timestamp_seconds: {
    help: 'When the dump of the newest good backup of a tier was taken; 0 if there is none.',
    labels: ofTier,
  },
  falkordb_backup_last_fresh_timestamp_seconds: {
    help: 'When a tier had its newest good backup, or the last run that found none needed; 0 if there is neither.',
    labels: ofTier,
  },
  falkordb_backup_last_duration_seconds: {
    help: 'How long the newest good backup of a tier took.',
    labels: ofTier,
  },
  falkordb_backup_last_rdb_bytes: {
    help: 'Size of the dump of the newest good backup of a tier, before compression.',
    labels: ofTier,
  },
  falkordb_backup_last_stored_bytes: {
    help: 'Size of the dump of the newest good backup of a tier in the store.',
    labels: ofTier,
  },
  falkordb_backup_last_graphs: {
    help: 'Graphs in the newest good backup of a tier.',
    labels: ofTier,
  },
  falkordb_backup_last_nodes: {
    help: 'Nodes of all graphs in the newest good backup of a tier.',
    labels: ofTier,
  },
  falkordb_backup_last_edges: {
    help: 'Edges of all graphs in the newest good backup of a tier.',
    labels: ofTier,
  },
  falkordb_backup_runs: {
    help: 'Runs that were asked for in the last 31 days, by how they stand.',
    labels: ['target', 'verb', 'outcome'],
  },
  falkordb_backup_last_run_timestamp_seconds: {
    help: 'When the last run ended.',
    labels: ofRuns,
  },
  falkordb_backup_last_run_failed: {
    help: '1 if the last run that ended has failed.',
    labels: ofRuns,
  },
  falkordb_backup_consecutive_failures: {
    help: 'Runs that have failed since the last one that did not, of the last 31 days.',
    labels: ofRuns,
  },
  falkordb_backup_last_verification_timestamp_seconds: {
    help: 'When a backup was last loaded for a trial; 0 if there is no record of any.',
    labels: ofTarget,
  },
  falkordb_backup_last_proved_timestamp_seconds: {
    help: 'When a backup was last loaded for a trial and found good; 0 if there is no record of any.',
    labels: ofTarget,
  },
  falkordb_backup_last_verification_failed: {
    help: '1 if the backup that was last loaded for a trial was found bad.',
    labels: ofTarget,
  },
  falkordb_backup_lease_held: {
    help: '1 while a run is at work on the target.',
    labels: ofTarget,
  },
  falkordb_backup_store_objects: {
    help: 'Objects in the store (scope store), or of this target alone if the rights go no further (scope target).',
    labels: ['target', 'scope'],
  },
  falkordb_backup_store_bytes: {
    help: 'Bytes of the objects that falkordb_backup_store_objects counts.',
    labels: ['target', 'scope'],
  },
  falkordb_backup_next_due_timestamp_seconds: {
    help: 'When the service of this target does a job next: a tier, or prune.',
    labels: ['target', 'job'],
  },
  falkordb_backup_command_exit_code: {
    help: 'What the last command of this verb ended with on this host; 0 is success.',
    labels: ofCommands,
  },
  falkordb_backup_command_timestamp_seconds: {
    help: 'When the last command of this verb ended on this host.',
    labels: ofCommands,
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

type LabelName<Name extends MetricName> = (typeof METRICS)[Name]['labels'][number];

export interface Sample {
  name: MetricName;
  labels: Record<string, string>;
  value: number;
}

/** Holds the labels to those that the metric has. */
export function sample<Name extends MetricName>(
  name: Name,
  labels: Record<LabelName<Name>, string>,
  value: number,
): Sample {
  return { name, labels, value };
}
