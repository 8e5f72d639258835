import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useLive } from './hooks/use-live.ts';
import { useRoute } from './hooks/use-route.ts';
import { Header } from './parts/header.tsx';
import { Notices } from './parts/notices.tsx';
import { Outage } from './parts/outage.tsx';
import { TokenProvider } from './parts/token-provider.tsx';
import type { View } from './state/route.ts';
import { overallOf, summaryOf } from './text/overall.ts';
import { BackupDetails } from './views/backup-details.tsx';
import { Backups } from './views/backups.tsx';
import { Logs } from './views/logs.tsx';
import { Overview } from './views/overview.tsx';
import { Retention } from './views/retention.tsx';
import { Runs } from './views/runs.tsx';
import { Timeline } from './views/timeline.tsx';

const SHOWN: Record<View, { title: string; Content: ComponentType<{ params: Record<string, string> }> }> = {
  overview: { title: 'Overview', Content: Overview },
  timeline: { title: 'Timeline', Content: Timeline },
  backups: { title: 'Backups', Content: Backups },
  runs: { title: 'Runs', Content: Runs },
  logs: { title: 'Logs', Content: Logs },
  retention: { title: 'Retention', Content: Retention },
};

export function App(): ComponentChildren {
  const { view, params, backup } = useRoute();
  const { title, Content } = SHOWN[view];
  const heading = useRef<HTMLHeadingElement>(null);
  const shownBefore = useRef(view);
  useEffect(() => {
    // Who listens to the page hears where the link has led to.
    if (shownBefore.current !== view) heading.current?.focus();
    shownBefore.current = view;
  }, [view]);
  return (
    <TokenProvider>
      <DocumentTitle title={title} />
      {/* No link: the part of the address behind # names the view. */}
      <button type="button" class="skip-link" onClick={() => heading.current?.focus()}>
        Skip to the content
      </button>
      <Header view={view} />
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <Outage />
        <Content key={view} params={params} />
      </main>
      {backup === undefined ? null : <BackupDetails key={backup} id={backup} />}
      <Notices />
    </TokenProvider>
  );
}

/** The name of the tab tells the state too. A part of its own: what changes here need not draw all else again. */
function DocumentTitle({ title }: { title: string }): null {
  const answer = useLive((state) => state.answer);
  const isOffline = useLive(({ failure }) => failure !== undefined);
  const known = answer ? summaryOf(answer.targets.map(overallOf)) : 'loading';
  const state = isOffline ? 'offline' : known;
  useEffect(() => {
    document.title = `${title} · ${state} · falkordb-backup`;
  }, [title, state]);
  return null;
}
