import type { ComponentChildren } from 'preact';
import { useLive } from '../hooks/use-live.ts';
import { Age } from './moment.tsx';
import { Note } from './notes.tsx';

/** That the service does not answer, since when, and how old what is shown is. */
export function Outage(): ComponentChildren {
  const { failure, answer, clockAheadMs } = useLive();
  if (!failure) return null;
  const since = new Date(failure.since + clockAheadMs).toISOString();
  const title = (
    <>
      {failure.error.message} That began <Age at={since} />
      {answer ? (
        <>
          ; what is shown is from <Age at={answer.now} />.
        </>
      ) : (
        '.'
      )}
    </>
  );
  return <Note level="bad" title={title} hint={failure.error.hint} />;
}
