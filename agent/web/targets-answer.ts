import { SCHEDULED_TIERS, type ScheduledTier, type Tier } from '../../core/model/tiers.ts';
import type { Activity, Service } from '../service/port.ts';
import { TOOL } from '../tool.ts';
import type { ActivityAnswer, BackupSummary, TargetAnswer, TargetsAnswer, TierAnswer } from './api.ts';
import { lastFailure, lastSkip } from './run-answers.ts';
import type { StoreFacts, TargetView } from './target-view.ts';

const SHOWN_TIERS: Tier[] = [...SCHEDULED_TIERS.toReversed(), 'manual', 'pre-restore'];

export interface TargetsDeps {
  service: Service;
  views: readonly TargetView[];
  canAct: boolean;
  refreshSeconds: number;
  now: () => Date;
}

/** Also where stores or databases are away: then what is known. */
export async function targetsAnswer(deps: TargetsDeps): Promise<TargetsAnswer> {
  const { service, views, canAct, refreshSeconds, now } = deps;
  const targets = await Promise.all(views.map((view) => targetAnswer(view, service)));
  return {
    now: now().toISOString(),
    version: TOOL.version,
    startedAt: service.startedAt.toISOString(),
    refreshSeconds,
    canAct,
    targets,
  };
}

async function targetAnswer(view: TargetView, service: Service): Promise<TargetAnswer> {
  const [database, { state, facts }] = await Promise.all([view.database.state(), view.facts()]);
  const activities = service.activities().filter(({ target }) => target === view.name);
  return {
    target: view.name,
    store: view.served.store.url,
    database,
    storeState: state,
    tiers: SHOWN_TIERS.map((tier) => tierAnswer(tier, view, service, facts)),
    nextPrune: service.nextDue(view.name, 'prune')?.toISOString() ?? null,
    activities: activities.map(activityAnswer),
    lastFailure: facts && lastFailure(facts.runs),
    lastVerification: facts && lastVerification(facts.backups),
    size: facts?.size ?? null,
  };
}

function tierAnswer(tier: Tier, { name, served }: TargetView, service: Service, facts: StoreFacts | null): TierAnswer {
  const { schedules, timeZone } = served.config.service;
  const scheduled = SCHEDULED_TIERS.find((candidate) => candidate === tier);
  const cron = scheduled ? schedules[scheduled] : null;
  const nextDue = scheduled && cron !== null ? service.nextDue(name, scheduled) : null;
  const backups = facts?.backups.filter((backup) => backup.tier === tier) ?? [];
  const newest = backups.find((backup) => backup.facts !== null) ?? null;
  const skippedAt = facts && lastSkip(facts.runs, tier);
  const isSkipNewer = skippedAt !== null && (newest === null || Date.parse(skippedAt) > coveredUpTo(newest));
  const lastSkippedAt = isSkipNewer ? skippedAt : null;
  return {
    tier,
    schedule: cron === null ? null : { cron, timeZone },
    nextDue: nextDue?.toISOString() ?? null,
    overdueSince: scheduled ? overdueSince(scheduled, facts, newest, lastSkippedAt) : null,
    newest,
    unreadable: unreadable(backups[0]),
    lastSkippedAt,
  };
}

function unreadable(newest: BackupSummary | undefined): TierAnswer['unreadable'] {
  return newest?.problem ? { backupId: newest.backupId, problem: newest.problem.message } : null;
}

/** What the watchdog found is up to a look old: one that came since is not missing any more. */
function overdueSince(
  tier: ScheduledTier,
  facts: StoreFacts | null,
  newest: BackupSummary | null,
  lastSkippedAt: string | null,
): string | null {
  const since = facts?.overdue.get(tier);
  if (!since) return null;
  const isGood = newest?.isStored && newest.verified?.outcome !== 'failed';
  const good = Math.max(isGood ? coveredUpTo(newest) : 0, lastSkippedAt === null ? 0 : Date.parse(lastSkippedAt));
  return good >= since.getTime() ? null : since.toISOString();
}

/** As core/catalog/newest-good.ts has it of a manifest. */
function coveredUpTo({ scheduledFor, facts }: BackupSummary): number {
  const taken = facts ? Math.min(Date.parse(facts.takenAt), Date.parse(facts.completedAt)) : 0;
  return Math.max(Date.parse(scheduledFor), taken);
}

function lastVerification(backups: BackupSummary[]): TargetAnswer['lastVerification'] {
  const verified = backups.flatMap(({ backupId, verified }) => (verified ? [{ ...verified, backupId }] : []));
  return verified.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).at(-1) ?? null;
}

export function activityAnswer({ startedAt, ...activity }: Activity): ActivityAnswer {
  return { ...activity, startedAt: startedAt.toISOString() };
}
