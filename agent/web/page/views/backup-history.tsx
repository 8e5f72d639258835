import type { ComponentChildren } from 'preact';
import type { BackupAnswer } from '../../api.ts';
import { Moment } from '../parts/moment.tsx';
import { StateWords } from '../parts/state-words.tsx';
import { secondsText } from '../text/time.ts';

/** What was learnt and decided about it since it was made. */
export function BackupHistory({ answer: { verifications, marks } }: { answer: BackupAnswer }): ComponentChildren {
  return (
    <>
      <section aria-labelledby="verifications">
        <h3 id="verifications">Verifications</h3>
        {verifications.length === 0 ? (
          <p class="muted">It was never loaded for a trial.</p>
        ) : (
          <ul class="events">
            {verifications.map((verification) => (
              <li key={verification.verifiedAt}>
                <Verification of={verification} />
              </li>
            ))}
          </ul>
        )}
      </section>
      {marks.length === 0 ? null : (
        <section aria-labelledby="marks">
          <h3 id="marks">Marks</h3>
          <ul class="events">
            {marks.map(({ mark, at, by, note }) => (
              <li key={`${mark} ${at}`}>
                <strong>{mark}</strong> by {by} <Moment at={at} />
                {note === null ? null : <p class="quote">{note}</p>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Verification({
  of: { outcome, engine, verifiedAt, loadSeconds, failure, differences },
}: {
  of: BackupAnswer['verifications'][number];
}) {
  return (
    <>
      <StateWords level={outcome === 'loaded' ? 'good' : 'bad'}>
        {outcome === 'loaded' ? 'Loaded' : 'Failed'} by FalkorDB {engine.falkordb} in {secondsText(loadSeconds)}
      </StateWords>{' '}
      <Moment at={verifiedAt} />
      {failure ? <p>{failure.message}</p> : null}
      {differences.length === 0 ? null : (
        <ul>
          {differences.map((difference) => (
            <li key={difference}>{difference}</li>
          ))}
        </ul>
      )}
    </>
  );
}
