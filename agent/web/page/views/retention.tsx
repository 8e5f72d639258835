import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { RetentionAnswer } from '../../api.ts';
import { useTargets } from '../hooks/use-live.ts';
import { useAnswer } from '../hooks/use-remote.ts';
import { changeParams } from '../hooks/use-route.ts';
import { BackupLink } from '../parts/backup-link.tsx';
import { TargetSelect } from '../parts/filters.tsx';
import { HeadRow } from '../parts/head-row.tsx';
import { LoadMore } from '../parts/load-more.tsx';
import { Age, Moment } from '../parts/moment.tsx';
import { Empty, Loaded, Note, Skeleton } from '../parts/notes.tsx';
import { Badge } from '../parts/state-words.tsx';
import { withQuery } from '../state/client.ts';
import { PAGE } from '../state/pages.ts';
import { bytesText, countOf } from '../text/numbers.ts';

type Decision = RetentionAnswer['decisions'][number];

/** What prune would do now; nothing is changed. */
export function Retention({ params }: { params: Record<string, string> }): ComponentChildren {
  const targets = useTargets();
  const target = params.target ?? targets[0]?.target;
  if (target === undefined) return <Skeleton />;
  return (
    <>
      <div class="filters">
        <TargetSelect value={target} onChange={(value) => changeParams({ target: value })} />
      </div>
      <Preview target={target} nextPrune={targets.find((one) => one.target === target)?.nextPrune ?? null} />
    </>
  );
}

function Preview({ target, nextPrune }: { target: string; nextPrune: string | null }): ComponentChildren {
  const remote = useAnswer<RetentionAnswer>(withQuery('/retention', { target }));
  return (
    <Loaded remote={remote}>
      {({ decisions, removed, freedBytes }) => {
        if (decisions.length === 0) return <Empty title="There is no backup that could be removed." />;
        const guarded = decisions.filter(({ isGuarded }) => isGuarded).length;
        return (
          <>
            <p class="lead">
              A prune now would remove <strong>{countOf(removed, 'backup')}</strong> and free{' '}
              <strong>{bytesText(freedBytes)}</strong>; it would keep {decisions.length - removed}.{' '}
              {nextPrune === null ? (
                'None is scheduled.'
              ) : (
                <>
                  The next is due <Age at={nextPrune} />.
                </>
              )}
            </p>
            {guarded === 0 ? null : (
              <Note
                level="warning"
                title={`${countOf(guarded, 'backup')} would be removed, but newer ones hold much less: they are kept until somebody has looked.`}
                hint="Open the newest backup and compare its counts with those of an older one."
              />
            )}
            <Decisions title="Would be removed" decisions={decisions.filter(({ keep }) => !keep)} />
            <Decisions title="Would be kept" decisions={decisions.filter(({ keep }) => keep)} />
          </>
        );
      }}
    </Loaded>
  );
}

function Decisions({ title, decisions }: { title: string; decisions: Decision[] }): ComponentChildren {
  const [most, setMost] = useState(PAGE);
  const total = decisions.length;
  if (total === 0) return null;
  const shown = decisions.slice(0, most);
  return (
    <section class="decisions">
      <h2>{title}</h2>
      <table class="as-cards list">
        <caption class="visually-hidden">{title}</caption>
        <HeadRow columns={['Backup', 'Why', 'Taken', 'Stored']} numbers={['Stored']} />
        <tbody>
          {shown.map(({ backup: { backupId, facts, scheduledFor }, reason, isGuarded }) => (
            <tr key={backupId}>
              <th scope="row">
                <BackupLink id={backupId} />
              </th>
              <td data-name="Why" class="wide">
                {isGuarded ? <Badge level="warning">guarded</Badge> : null} {reason}
              </td>
              <td data-name="Taken">
                <Moment at={facts?.takenAt ?? scheduledFor} />
              </td>
              <td data-name="Stored" class="number">
                {facts ? bytesText(facts.storedBytes) : '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <LoadMore
        pages={{
          data: { items: shown, total, next: most < total ? '' : null },
          isReadingOn: false,
          readOnFailure: undefined,
          readOn: () => setMost(most + PAGE),
        }}
      />
    </section>
  );
}
