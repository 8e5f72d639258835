import type { ComponentChildren } from 'preact';
import type { TargetAnswer } from '../../api.ts';
import { useLive } from '../hooks/use-live.ts';
import { Empty, Skeleton } from '../parts/notes.tsx';
import { overallOf, summaryOf } from '../text/overall.ts';
import { TargetCard } from './target-card.tsx';

export function Overview(): ComponentChildren {
  const answer = useLive((state) => state.answer);
  const failure = useLive((state) => state.failure);
  if (!answer) return failure ? null : <LoadingCard />;
  if (answer.targets.length === 0) return <Empty title="The service looks after no target." />;
  return (
    <div class="cards">
      {answer.targets.length > 1 ? <Summary targets={answer.targets} /> : null}
      {answer.targets.map((target) => (
        <TargetCard key={target.target} target={target} />
      ))}
    </div>
  );
}

function Summary({ targets }: { targets: TargetAnswer[] }): ComponentChildren {
  return <p class="lead">{summaryOf(targets.map(overallOf))}</p>;
}

function LoadingCard(): ComponentChildren {
  return (
    <div class="cards">
      <div class="card">
        <Skeleton lines={8} />
      </div>
    </div>
  );
}
