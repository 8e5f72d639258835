import type { ComponentChildren } from 'preact';
import type { RunAnswer, RunsAnswer } from '../../api.ts';
import { useTargets } from '../hooks/use-live.ts';
import { usePages } from '../hooks/use-pages.ts';
import { changeParams } from '../hooks/use-route.ts';
import { TargetSelect } from '../parts/filters.tsx';
import { LoadMore } from '../parts/load-more.tsx';
import { Empty, Loaded } from '../parts/notes.tsx';
import { request, withQuery } from '../state/client.ts';
import { limitFor, type ReadPage } from '../state/pages.ts';
import { RunItem } from './run-item.tsx';

/** All that was asked for, and what became of it. */
export function Runs({ params: { target = '' } }: { params: Record<string, string> }): ComponentChildren {
  const hasTargets = useTargets().length > 1;
  const pages = usePages(withQuery('/runs', { target }), readRuns(target));
  return (
    <>
      <div class="filters">
        <TargetSelect value={target} all="All targets" onChange={(value) => changeParams({ target: value })} />
      </div>
      <Loaded remote={pages}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has run yet." />
          ) : (
            <ol class="runs" aria-label="Runs, newest first">
              {items.map((run) => (
                <RunItem key={`${run.target} ${run.runId}`} run={run} hasTargets={hasTargets} />
              ))}
            </ol>
          )
        }
      </Loaded>
      <LoadMore pages={pages} />
    </>
  );
}

function readRuns(target: string): (signal: AbortSignal) => ReadPage<RunAnswer> {
  return (signal) => async (before, missing) => {
    const path = withQuery('/runs', { target, limit: limitFor(missing), before });
    const { runs, next } = await request<RunsAnswer>(path, { signal });
    return { items: runs, total: null, next };
  };
}
