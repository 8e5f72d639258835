import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { BackupSummary, BackupsAnswer, RunAnswer, RunsAnswer, TargetAnswer } from '../../api.ts';
import { useTargets } from '../hooks/use-live.ts';
import { useTimed } from '../hooks/use-now.ts';
import { useReading } from '../hooks/use-remote.ts';
import { changeParams } from '../hooks/use-route.ts';
import { TargetSelect } from '../parts/filters.tsx';
import { Empty, Loaded, Skeleton } from '../parts/notes.tsx';
import { request, withQuery } from '../state/client.ts';
import { MOST_AT_ONCE, readSince } from '../state/pages.ts';
import { formatRoute } from '../state/route.ts';
import { hasBackups } from '../text/overall.ts';
import { beginOf } from '../text/run.ts';
import { chartPoints } from '../timeline/chart-data.ts';
import { SHOWN_DAYS, shownDates, tierDays } from '../timeline/days.ts';
import { dueBetween } from '../timeline/due.ts';
import { BackupCharts } from './backup-charts.tsx';
import { DayTable } from './day-table.tsx';
import { NoBackups } from './no-backups.tsx';

const MINUTE_MS = 60_000;

interface History {
  backups: BackupSummary[];
  runs: RunAnswer[];
}

/** The last five weeks of one target. */
export function Timeline({ params }: { params: Record<string, string> }): ComponentChildren {
  const targets = useTargets();
  const target = targets.find(({ target: name }) => name === params.target) ?? targets[0];
  if (!target) return <Skeleton />;
  return (
    <>
      <div class="filters">
        <TargetSelect value={target.target} onChange={(value) => changeParams({ target: value })} />
      </div>
      <History key={target.target} target={target} />
    </>
  );
}

function History({ target }: { target: TargetAnswer }): ComponentChildren {
  const firstDate = useTimed((now) => shownDates(now)[0] ?? '');
  const remote = useReading(`${target.target} ${firstDate}`, (signal) => readHistory(target.target, firstDate, signal));
  return (
    <Loaded remote={remote} lines={10}>
      {(history) =>
        history.backups.length + history.runs.length === 0 ? (
          <NothingShown target={target} />
        ) : (
          <Days target={target} history={history} />
        )
      }
    </Loaded>
  );
}

/** Drawn again with what is new of it, and each minute. */
function Days({ target, history }: { target: TargetAnswer; history: History }): ComponentChildren {
  const minute = useTimed((now) => Math.floor(now / MINUTE_MS));
  return useMemo(() => {
    const now = minute * MINUTE_MS;
    const rows = tierDays({ tiers: target.tiers, ...history, now, dueBetween });
    return (
      <>
        <section aria-labelledby="days">
          <h2 id="days">The last {SHOWN_DAYS} days</h2>
          <DayTable target={target.target} rows={rows} dates={shownDates(now)} />
        </section>
        <BackupCharts points={chartPoints(history.backups)} />
      </>
    );
  }, [target, history, minute]);
}

function NothingShown({ target }: { target: TargetAnswer }): ComponentChildren {
  if (!hasBackups(target.tiers)) return <NoBackups targets={[target]} />;
  return (
    <Empty title={`Nothing in the last ${SHOWN_DAYS} days.`}>
      <p>
        <a href={formatRoute({ view: 'backups', params: { target: target.target } })}>Older backups</a>
      </p>
    </Empty>
  );
}

async function readHistory(target: string, since: string, signal: AbortSignal): Promise<History> {
  const [backups, runs] = await Promise.all([
    readSince<BackupSummary>(
      async (before) => {
        const path = withQuery('/backups', { target, limit: MOST_AT_ONCE, before });
        const { backups: items, total, next } = await request<BackupsAnswer>(path, { signal });
        return { items, total, next };
      },
      ({ scheduledFor }) => scheduledFor,
      since,
    ),
    readSince<RunAnswer>(
      async (before) => {
        const path = withQuery('/runs', { target, limit: MOST_AT_ONCE, before });
        const { runs: items, next } = await request<RunsAnswer>(path, { signal });
        return { items, total: null, next };
      },
      beginOf,
      since,
    ),
  ]);
  return { backups, runs };
}
