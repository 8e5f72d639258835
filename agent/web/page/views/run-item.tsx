import type { ComponentChildren } from 'preact';
import type { RunAnswer } from '../../api.ts';
import { BackupLink } from '../parts/backup-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { ErrorNote, Note } from '../parts/notes.tsx';
import { Badge } from '../parts/state-words.tsx';
import { formatRoute } from '../state/route.ts';
import { beginOf, durationOf, outcomeLevel, reasonText, runTitle } from '../text/run.ts';
import { secondsText } from '../text/time.ts';

export function RunItem({ run, hasTargets }: { run: RunAnswer; hasTargets: boolean }): ComponentChildren {
  const { runId, target, outcome, host, reason, failure, steps, undelivered, backupId } = run;
  const begin = beginOf(run);
  const seconds = durationOf(run);
  return (
    <li class="run">
      <div class="run-head">
        <Badge level={outcomeLevel(outcome)}>{outcome}</Badge>
        <strong>{runTitle(run)}</strong>
        {hasTargets ? <span>{target}</span> : null}
        {begin === null ? null : <Moment at={begin} />}
        <span class="muted">
          {seconds === undefined ? '' : `took ${secondsText(seconds)}`}
          {host === null ? '' : ` on ${host}`}
        </span>
        <span class="run-links">
          <a class="id" href={formatRoute({ view: 'logs', params: { target, runId } })}>
            {`log of ${runId}`}
          </a>
          {backupId === null || outcome !== 'completed' ? null : <BackupLink id={backupId} />}
        </span>
      </div>
      {reason === null ? null : <p class="muted">Skipped: {reasonText(reason)}.</p>}
      {failure ? <ErrorNote error={failure} isAlert={false} /> : null}
      {undelivered.map(({ sink, error, hint }) => (
        <Note key={sink} level="warning" title={`${sink} was not told: ${error}`} hint={hint} />
      ))}
      {steps.length === 0 ? null : <Steps steps={steps} />}
    </li>
  );
}

function Steps({ steps }: { steps: RunAnswer['steps'] }): ComponentChildren {
  return (
    <details>
      <summary>{steps.length} steps</summary>
      <ol class="steps">
        {steps.map(({ name, seconds, ok }) => (
          <li key={name}>
            <span>{name}</span>
            <span class="muted">
              {secondsText(seconds)}
              {ok ? '' : ', failed'}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
