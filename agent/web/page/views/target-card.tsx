import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { TargetAnswer } from '../../api.ts';
import { useLive } from '../hooks/use-live.ts';
import { ActivityProgress } from '../parts/progress.tsx';
import { formatRoute } from '../state/route.ts';
import { lastKnown, overallOf } from '../text/overall.ts';
import { BackUpNow } from './back-up-now.tsx';
import { OverallBanner } from './overall-banner.tsx';
import { TargetFacts } from './target-facts.tsx';
import { TierTable } from './tier-table.tsx';

/** All of one target at a glance. */
export function TargetCard({ target }: { target: TargetAnswer }): ComponentChildren {
  const activities = useLive((state) => state.activities);
  const isOffline = useLive(({ failure }) => failure !== undefined);
  const heading = useId();
  const overall = overallOf(target);
  const params = { target: target.target };
  const running = activities.filter((activity) => activity.target === target.target);
  return (
    <section class="card" aria-labelledby={heading}>
      <header class="card-head">
        <div>
          <h2 id={heading}>{target.target}</h2>
          <p class="fine mono">{target.store}</p>
        </div>
        <BackUpNow target={target.target} isBusy={running.length > 0} />
      </header>
      <OverallBanner overall={isOffline ? lastKnown(overall) : overall} />
      {running.length === 0 ? null : (
        <div class="activities">
          {running.map((activity) => (
            <ActivityProgress key={activity.runId} activity={activity} />
          ))}
        </div>
      )}
      <TargetFacts target={target} />
      <TierTable target={target} />
      <footer class="card-foot">
        <a href={formatRoute({ view: 'backups', params })}>Backups</a>
        <a href={formatRoute({ view: 'timeline', params })}>Timeline</a>
        <a href={formatRoute({ view: 'runs', params })}>Runs</a>
        <a href={formatRoute({ view: 'logs', params })}>Logs</a>
        <a href={formatRoute({ view: 'retention', params })}>Retention</a>
      </footer>
    </section>
  );
}
