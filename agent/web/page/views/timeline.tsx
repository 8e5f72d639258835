import type { ComponentChildren } from 'preact';
import type { BackupSummary, BackupsAnswer, RunAnswer, RunsAnswer, TargetAnswer } from '../../api.ts';
import { useNow, useTargets } from '../hooks/use-live.ts';
import { useReading } from '../hooks/use-remote.ts';
import { replaceRoute, useRoute } from '../hooks/use-route.ts';
import { TargetSelect } from '../parts/filters.tsx';
import { Loaded, Skeleton } from '../parts/notes.tsx';
import { request, withQuery } from '../state/client.ts';
import { readSince } from '../state/pages.ts';
import { beginOf } from '../text/run.ts';
import { chartPoints } from '../timeline/chart-data.ts';
import { SHOWN_DAYS, shownDates, tierDays } from '../timeline/days.ts';
import { dueBetween } from '../timeline/due.ts';
import { BackupCharts } from './backup-charts.tsx';
import { DayTable } from './day-table.tsx';
import { NoBackups } from './no-backups.tsx';

/** The most that the service gives at once. */
const PAGE = 200;
const MINUTE_MS = 60_000;

interface History {
  backups: BackupSummary[];
  runs: RunAnswer[];
}

/** The last five weeks of one target. */
export function Timeline({ params }: { params: Record<string, string> }): ComponentChildren {
  const route = useRoute();
  const targets = useTargets();
  const target = targets.find(({ target: name }) => name === params.target) ?? targets[0];
  if (!target) return <Skeleton />;
  return (
    <>
      <div class="filters">
        <TargetSelect
          value={target.target}
          onChange={(value) => replaceRoute({ ...route, params: { target: value } })}
        />
      </div>
      <History key={target.target} target={target} />
    </>
  );
}

function History({ target }: { target: TargetAnswer }): ComponentChildren {
  const now = useNow(MINUTE_MS);
  const [firstDate = ''] = shownDates(now);
  const remote = useReading(`${target.target} ${firstDate}`, (signal) => readHistory(target.target, firstDate, signal));
  return (
    <Loaded remote={remote} lines={10}>
      {({ backups, runs }) => {
        if (backups.length + runs.length === 0) return <NoBackups targets={[target]} />;
        const rows = tierDays({ tiers: target.tiers, backups, runs, now, dueBetween });
        return (
          <>
            <section aria-labelledby="days">
              <h2 id="days">The last {SHOWN_DAYS} days</h2>
              <DayTable target={target.target} rows={rows} dates={shownDates(now)} />
            </section>
            <BackupCharts points={chartPoints(backups)} />
          </>
        );
      }}
    </Loaded>
  );
}

async function readHistory(target: string, since: string, signal: AbortSignal): Promise<History> {
  const [backups, runs] = await Promise.all([
    readSince<BackupSummary>(
      async (before) => {
        const path = withQuery('/backups', { target, limit: PAGE, before });
        const { backups: items, total, next } = await request<BackupsAnswer>(path, { signal });
        return { items, total, next };
      },
      ({ scheduledFor }) => scheduledFor,
      since,
    ),
    readSince<RunAnswer>(
      async (before) => {
        const path = withQuery('/runs', { target, limit: PAGE, before });
        const { runs: items, next } = await request<RunsAnswer>(path, { signal });
        return { items, total: null, next };
      },
      beginOf,
      since,
    ),
  ]);
  return { backups, runs };
}
