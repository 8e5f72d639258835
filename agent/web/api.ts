import type { Manifest } from '../../core/model/manifest.ts';
import type { MarkKind } from '../../core/model/mark.ts';
import type { RestorePlanRecord } from '../../core/model/restore-plan-record.ts';
import type { RunOutcome, RunStep, Verdict } from '../../core/model/run-record.ts';
import type { Tier } from '../../core/model/tiers.ts';
import type { Verification } from '../../core/model/verification.ts';
import type { Progress } from '../progress.ts';
import type { ActivityKind } from '../service/port.ts';

/*
 * The shapes of /api/v1, which the page uses and docs/api.md describes. Times are ISO 8601 in UTC, sizes bytes. A request
 * that fails answers with `ApiError`, and a status that says whose fault it is.
 */

export interface ApiError {
  error: { code: string; message: string; hint: string | null };
}

/** GET /targets */
export interface TargetsAnswer {
  now: string;
  version: string;
  startedAt: string;
  /** So often whoever shows it should ask again. */
  refreshSeconds: number;
  /** Whether there is a token with which one may act. */
  canAct: boolean;
  targets: TargetAnswer[];
}

export interface TargetAnswer {
  target: string;
  /** URL of its store, without secrets. */
  store: string;
  database: PartState & { address: string; falkordb: string | null; redis: string | null };
  storeState: PartState;
  /** Scheduled tiers from the smallest to the largest, then manual and pre-restore. */
  tiers: TierAnswer[];
  nextPrune: string | null;
  activities: ActivityAnswer[];
  /** The newest of the last 31 days; null where a later run of the same kind and tier went well. */
  lastFailure: FailureAnswer | null;
  /** Of the newest verification by loading, of any backup. */
  lastVerification: { at: string; outcome: Verification['outcome']; backupId: string } | null;
  size: { scope: 'store' | 'target'; storedBytes: number; objects: number } | null;
}

/** Of the database or of the store. */
export interface PartState {
  state: 'up' | 'down';
  checkedAt: string;
  /** Of one that is down: what happened, and what to do. */
  message: string | null;
  hint: string | null;
}

export interface TierAnswer {
  tier: Tier;
  /** Null where no clock drives it. */
  schedule: { cron: string; timeZone: string } | null;
  nextDue: string | null;
  /** Since when it should be there; null where nothing is missing. */
  overdueSince: string | null;
  /** The newest that can be read. */
  newest: BackupSummary | null;
  /** The newest of all, where it is newer than `newest` and its manifest cannot be read; `problem` says why. */
  unreadable: { backupId: string; problem: string } | null;
  /** When a run last found that no backup was needed, where that is newer than the newest backup. */
  lastSkippedAt: string | null;
}

export interface FailureAnswer {
  runId: string;
  verb: string;
  tier: Tier | null;
  backupId: string | null;
  at: string;
  code: string;
  message: string;
  hint: string | null;
}

export interface ActivityAnswer {
  kind: ActivityKind;
  target: string;
  runId: string;
  backupId: string | null;
  tier: Tier | null;
  startedAt: string;
  progress: Progress | null;
}

export interface BackupSummary {
  backupId: string;
  target: string;
  tier: Tier;
  scheduledFor: string;
  pinned: boolean;
  /** What the newest load into a throw-away FalkorDB came to; null where there was none. */
  verified: { at: string; outcome: Verification['outcome'] } | null;
  /** False where its bytes are missing or cut short. */
  isStored: boolean;
  /** Null where its manifest cannot be read. */
  facts: BackupFacts | null;
  /** Why it cannot be read. */
  problem: { message: string; hint: string | null } | null;
}

export interface BackupFacts {
  /** When its dump was taken: what it holds. */
  takenAt: string;
  completedAt: string;
  runId: string;
  rdbBytes: number;
  storedBytes: number;
  durationSeconds: number;
  graphs: number;
  nodes: number;
  edges: number;
  falkordb: string;
}

/**
 * GET /backups?target=&tier=&search=&limit=&before= — newest first by scheduled time. `search` is part of the backup id or
 * of a graph's name; `before` a backup id, to go on behind it.
 */
export interface BackupsAnswer {
  backups: BackupSummary[];
  /** Of all that match, before `limit` and `before`. */
  total: number;
  /** The `before` of the next page. */
  next: string | null;
}

/** GET /backups/<id> */
export interface BackupAnswer {
  backup: BackupSummary;
  manifest: Manifest | null;
  /** Newest first, and 50 at most. */
  verifications: Pick<Verification, 'verifiedAt' | 'outcome' | 'engine' | 'failure' | 'differences' | 'loadSeconds'>[];
  /** Newest first. */
  marks: MarkAnswer[];
}

/** What somebody has said of a backup. */
export interface MarkAnswer {
  mark: MarkKind;
  at: string;
  by: string;
  note: string | null;
}

/** GET /backups/<id>/plan?target= — what a restore of it would do; nothing is changed. */
export type PlanAnswer = Omit<RestorePlanRecord, 'schemaVersion' | 'runId'> & { command: string };

/** GET /runs?target=&limit=&before= — newest first. */
export interface RunsAnswer {
  runs: RunAnswer[];
  next: string | null;
}

export interface RunAnswer {
  runId: string;
  target: string;
  verb: string | null;
  tier: Tier | null;
  backupId: string | null;
  outcome: RunOutcome;
  requestedAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  host: string | null;
  reason: string | null;
  failure: Verdict['failure'];
  steps: RunStep[];
  undelivered: Verdict['undelivered'];
}

/** GET /logs?target=&runId=&level=&search=&limit= — newest last. */
export interface LogsAnswer {
  lines: LogLine[];
}

export interface LogLine {
  /** Counts up; lines of the stream have it too, so that none is shown twice. */
  seq: number;
  at: string;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  target: string | null;
  runId: string | null;
  backupId: string | null;
  /** What else the line carries. */
  fields: Record<string, unknown>;
}

/** GET /retention?target= — what prune would do now. */
export interface RetentionAnswer {
  target: string;
  decisions: { backup: BackupSummary; keep: boolean; reason: string; isGuarded: boolean }[];
  /** Removed, and freed. */
  removed: number;
  freedBytes: number;
}

/*
 * POST /backups {target}, POST /backups/<id>/verify {load?}, POST and DELETE /backups/<id>/pin {note?}: with
 * `Authorization: Bearer <token>` and `Content-Type: application/json`. The first two answer 202 before the work is done;
 * those of the pin 200 with a `MarkAnswer` when it is. GET /token says whether a token is the right one before it is kept:
 * 204, or an `ApiError` with 401 (it is not), 403 and `read-only` (there is none to know), 429 (too many wrong ones).
 */
export interface AcceptedAnswer {
  runId: string;
  backupId: string;
}

/**
 * GET /events?logs=true, as server-sent events: the name is `type`, the data JSON of the whole. Lines of the log come only
 * where they are asked for; who reconnects with the id of the last one gets those that it has missed. Besides, `alive` with
 * `{}` comes every 15 s: where it does not, nobody is there any more.
 */
export type ServerEvent =
  /** All that goes on; the first event of each stream. */
  | { type: 'activities'; activities: ActivityAnswer[] }
  | { type: 'activity'; activity: ActivityAnswer }
  | { type: 'ended'; ended: EndedAnswer }
  | { type: 'log'; line: LogLine };

export interface EndedAnswer {
  kind: ActivityKind;
  target: string;
  runId: string;
  backupId: string | null;
  outcome: 'completed' | 'skipped' | 'failed';
  message: string;
  hint: string | null;
}
