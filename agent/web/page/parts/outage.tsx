import type { ComponentChildren } from 'preact';
import { useLive } from '../hooks/use-live.ts';
import { Age, AgeHere } from './moment.tsx';
import { Note } from './notes.tsx';

/** That the service does not answer, since when, and how old what is shown is. */
export function Outage(): ComponentChildren {
  const failure = useLive((state) => state.failure);
  const answer = useLive((state) => state.answer);
  if (!failure) return null;
  const title = (
    <>
      {failure.error.message} That began <AgeHere at={failure.since} />
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
