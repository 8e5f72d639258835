import type { ComponentChildren } from 'preact';
import { useLive } from '../hooks/use-live.ts';
import { formatRoute, VIEWS, type View } from '../state/route.ts';
import { ConnectionState } from './connection-state.tsx';
import { Icon, type IconName } from './icon.tsx';
import { LockButton } from './lock-button.tsx';
import { ThemeButton } from './theme-button.tsx';

const ENTRIES: Record<View, { text: string; icon: IconName }> = {
  overview: { text: 'Overview', icon: 'overview' },
  timeline: { text: 'Timeline', icon: 'timeline' },
  backups: { text: 'Backups', icon: 'store' },
  runs: { text: 'Runs', icon: 'runs' },
  logs: { text: 'Logs', icon: 'logs' },
  retention: { text: 'Retention', icon: 'retention' },
};

export function Header({ view }: { view: View }): ComponentChildren {
  const version = useLive(({ answer }) => answer?.version);
  return (
    <header class="page-head">
      <div class="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <span>falkordb-backup</span>
        {version === undefined ? null : <span class="version">{version}</span>}
      </div>
      <nav class="views" aria-label="Views">
        {VIEWS.map((name) => (
          <a key={name} href={formatRoute({ view: name })} aria-current={name === view ? 'page' : undefined}>
            <Icon name={ENTRIES[name].icon} />
            <span>{ENTRIES[name].text}</span>
          </a>
        ))}
      </nav>
      <div class="controls">
        <ConnectionState />
        <LockButton />
        <ThemeButton />
      </div>
    </header>
  );
}
