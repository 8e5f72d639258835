import type { ComponentChildren } from 'preact';
import { useLive } from '../hooks/use-live.ts';
import { useAge } from '../hooks/use-now.ts';
import { localText, utcText } from '../text/time.ts';

interface MomentProps {
  /** ISO 8601. */
  at: string;
}

/** `3h ago`, which ticks; its title says when in UTC and by the clock on the wall. */
export function Age({ at }: MomentProps): ComponentChildren {
  const age = useAge(at);
  return (
    <time dateTime={at} title={`${utcText(at)}, ${localText(at)}`}>
      {age}
    </time>
  );
}

/** Of a time by this machine's clock, in milliseconds. */
export function AgeHere({ at }: { at: number }): ComponentChildren {
  const clockAheadMs = useLive((state) => state.clockAheadMs);
  return <Age at={new Date(at + clockAheadMs).toISOString()} />;
}

/** `2026-11-22T02:30:00Z` with `3h ago` behind it. */
export function Moment({ at }: MomentProps): ComponentChildren {
  const age = useAge(at);
  return (
    <span class="moment">
      <time dateTime={at} title={localText(at)}>
        {utcText(at)}
      </time>{' '}
      <span class="muted">{age}</span>
    </span>
  );
}

/** The age first, the time below it. */
export function AgeAndTime({ at }: MomentProps): ComponentChildren {
  const age = useAge(at);
  return (
    <span class="age-and-time">
      <span>{age}</span>
      <time class="fine" dateTime={at} title={localText(at)}>
        {utcText(at)}
      </time>
    </span>
  );
}
