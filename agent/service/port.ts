import type { EventSink } from '../../core/alerts/event-sink.ts';
import type { ScheduledTier, Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Config } from '../config.ts';
import type { Progress } from '../progress.ts';

/** One FalkorDB that the service looks after. */
export interface ServedTarget {
  name: string;
  config: Config;
  store: ObjectStore;
  sinks: EventSink[];
}

export type ActivityKind = 'backup' | 'verify' | 'prune';

/** Something that the service does at this moment. */
export interface Activity {
  kind: ActivityKind;
  target: string;
  runId: string;
  backupId: string | null;
  /** Of a backup. */
  tier: Tier | null;
  startedAt: Date;
  /** Of the newest step that tells how far it is; null before. */
  progress: Progress | null;
}

/** How something that the service did has ended. */
export interface Ended {
  kind: ActivityKind;
  target: string;
  runId: string;
  backupId: string | null;
  outcome: 'completed' | 'skipped' | 'failed';
  /** For people; of a failure what happened. It holds no secret. */
  message: string;
  hint: string | null;
}

export type Change =
  /** It has begun, or come further. */
  { type: 'activity'; activity: Activity } | { type: 'ended'; ended: Ended };

/** What the dashboard knows of the service, and asks of it. */
export interface Service {
  readonly targets: readonly ServedTarget[];
  readonly startedAt: Date;
  activities(): Activity[];
  /** @returns what ends it */
  subscribe(listener: (change: Change) => void): () => void;
  /** Null where its schedule is off. */
  nextDue(target: string, job: ScheduledTier | 'prune'): Date | null;
  /** When the clock last looked whether something is due; it does so at least every minute. */
  lastLookAt(): Date;
  /** False until what an earlier process has left behind was looked after. */
  isReady(): boolean;
  /** Begins it, and does not wait for its end. @throws lease-held where the service is at work on the target already */
  backUpNow(target: string): { runId: string; backupId: string };
  /** Begins it, and does not wait for its end. @throws as `backUpNow` */
  verify(target: string, backupId: string, how: { load: boolean }): { runId: string };
}
