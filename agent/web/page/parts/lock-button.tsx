import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useLive } from '../hooks/use-live.ts';
import { useToken } from '../hooks/use-token.ts';
import { CommandLine } from './command.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';

/** Whether one may act, and the way to it. */
export function LockButton(): ComponentChildren {
  const isKnown = useLive(({ answer }) => answer !== undefined);
  const { canAct, isUnlocked, obtain, forget } = useToken();
  const [isExplained, setIsExplained] = useState(false);
  if (!isKnown) return null;
  if (!canAct) {
    return (
      <>
        <button type="button" class="quiet" onClick={() => setIsExplained(true)}>
          <Icon name="eye" />
          Read-only
        </button>
        {isExplained ? <ReadOnly onClose={() => setIsExplained(false)} /> : null}
      </>
    );
  }
  return (
    <button type="button" class="quiet" onClick={() => (isUnlocked ? forget() : void obtain())}>
      <Icon name={isUnlocked ? 'unlocked' : 'locked'} />
      {isUnlocked ? 'Lock' : 'Unlock'}
    </button>
  );
}

function ReadOnly({ onClose }: { onClose: () => void }): ComponentChildren {
  return (
    <Dialog title="This dashboard only shows" onClose={onClose}>
      <p>
        The service was started without a token, so nobody can act from here. To change that, start it with
        <code> BACKUP_DASHBOARD_TOKEN</code>, or with <code>--dashboard-token-file</code>.
      </p>
      <p>By hand, on the machine of the service:</p>
      <CommandLine command="falkordb-backup backup" />
      <CommandLine command="falkordb-backup verify latest --load" />
    </Dialog>
  );
}
