import type { ComponentChildren } from 'preact';
import type { BackupAnswer } from '../../api.ts';
import { useLive } from '../hooks/use-live.ts';
import { useAnswer } from '../hooks/use-remote.ts';
import { goTo } from '../hooks/use-route.ts';
import { BackupBadges } from '../parts/backup-badges.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote, Loaded, Note } from '../parts/notes.tsx';
import { ActivityProgress } from '../parts/progress.tsx';
import { parseRoute } from '../state/route.ts';
import { BackupActions } from './backup-actions.tsx';
import { BackupFactList } from './backup-fact-list.tsx';
import { BackupGraphs } from './backup-graphs.tsx';
import { BackupHistory } from './backup-history.tsx';
import { RestorePlan } from './restore-plan.tsx';

/** All that is known of one backup, in a panel over the view. */
export function BackupDetails({ id }: { id: string }): ComponentChildren {
  const remote = useAnswer<BackupAnswer>(`/backups/${encodeURIComponent(id)}`);
  const close = () => {
    const route = parseRoute(location.hash);
    // Else the address has led on already.
    if (route.backup === id) goTo({ ...route, backup: undefined });
  };
  return (
    <Dialog title={<span class="mono">{id}</span>} shape="panel" onClose={close}>
      <Loaded remote={remote} lines={12}>
        {(answer) => <Details answer={answer} />}
      </Loaded>
    </Dialog>
  );
}

function Details({ answer }: { answer: BackupAnswer }): ComponentChildren {
  const { backup, manifest } = answer;
  const activities = useLive((state) => state.activities);
  const notices = useLive((state) => state.notices);
  const running = activities.filter(({ backupId }) => backupId === backup.backupId);
  const ended = notices.findLast(({ backupId, kind }) => backupId === backup.backupId && kind === 'verify');
  return (
    <>
      <p class="badges">
        <span class="badge info">{backup.tier}</span>
        <BackupBadges backup={backup} />
      </p>
      {backup.problem ? <ErrorNote error={{ code: 'unreadable', ...backup.problem }} isAlert={false} /> : null}
      <BackupActions backup={backup} isBusy={activities.some(({ target }) => target === backup.target)} />
      <div class="activities">
        {running.map((activity) => (
          <ActivityProgress key={activity.runId} activity={activity} />
        ))}
      </div>
      <div role="status">
        {running.length === 0 && ended ? (
          <Note level={ended.outcome === 'failed' ? 'bad' : 'good'} title={ended.message} hint={ended.hint} />
        ) : null}
      </div>
      <BackupFactList answer={answer} />
      {manifest ? <BackupGraphs manifest={manifest} /> : null}
      <BackupHistory answer={answer} />
      <RestorePlan backup={backup} />
    </>
  );
}
