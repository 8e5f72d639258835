import type { ComponentChildren } from 'preact';
import { Icon } from '../parts/icon.tsx';
import { Age } from '../parts/moment.tsx';
import { formatRoute } from '../state/route.ts';
import type { Overall, Problem } from '../text/overall.ts';

/** How the target is, in words; changes are read out. */
export function OverallBanner({ overall: { level, title, problems } }: { overall: Overall }): ComponentChildren {
  const [worst, ...others] = problems;
  return (
    <div class={`banner ${level}`} role="status">
      <Icon name={level} />
      <div>
        <p class="banner-title">
          {title}
          {worst ? <Due problem={worst} /> : null}
        </p>
        {worst ? <More problem={worst} /> : null}
        {others.length === 0 ? null : (
          <ul>
            {others.map((problem) => (
              <li key={problem.text}>
                {problem.text}
                <Due problem={problem} />
                <More problem={problem} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

/** It ticks, and the whole banner would be read out each time: for who listens, the table of tiers has it. */
function Due({ problem: { due } }: { problem: Problem }): ComponentChildren {
  if (!due) return null;
  return (
    <span aria-hidden="true">
      {' '}
      ({due.name} <Age at={due.at} />)
    </span>
  );
}

function More({ problem: { hint, runId } }: { problem: Problem }): ComponentChildren {
  if (hint === null && runId === undefined) return null;
  return (
    <p class="hint">
      {hint}{' '}
      {runId === undefined ? null : <a href={formatRoute({ view: 'logs', params: { runId } })}>Log of the run</a>}
    </p>
  );
}
