import type { ComponentChildren } from 'preact';
import type { TargetAnswer } from '../../api.ts';
import { useLive } from '../hooks/use-live.ts';
import { CommandLine } from '../parts/command.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty } from '../parts/notes.tsx';
import { firstDue } from '../text/overall.ts';
import { BackUpNow } from './back-up-now.tsx';

/** When the first is due, and how to have one now. */
export function NoBackups({ targets }: { targets: TargetAnswer[] }): ComponentChildren {
  const canAct = useLive(({ answer }) => answer?.canAct) ?? false;
  const activities = useLive((state) => state.activities);
  return (
    <Empty title="There is no backup yet.">
      {targets.map(({ target, tiers }) => {
        const first = firstDue(tiers);
        return (
          <div key={target} class="first-backup">
            <p>
              {first ? (
                <>
                  The first of <strong>{target}</strong> is due <Moment at={first} />.
                </>
              ) : (
                <>
                  None of <strong>{target}</strong> is scheduled.
                </>
              )}
            </p>
            {canAct ? (
              <BackUpNow target={target} isBusy={activities.some((activity) => activity.target === target)} />
            ) : (
              <CommandLine command={`falkordb-backup backup --target ${target}`} />
            )}
          </div>
        );
      })}
    </Empty>
  );
}
