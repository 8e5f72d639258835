import type { ComponentChildren } from 'preact';
import { useNow } from '../hooks/use-live.ts';
import { ageText, localText, utcText } from '../text/time.ts';

interface MomentProps {
  /** ISO 8601. */
  at: string;
}

/** `3h ago`, which ticks; its title says when in UTC and by the clock on the wall. */
export function Age({ at }: MomentProps): ComponentChildren {
  const now = useNow();
  return (
    <time dateTime={at} title={`${utcText(at)}, ${localText(at)}`}>
      {ageText(at, now)}
    </time>
  );
}

/** `2026-11-22T02:30:00Z` with `3h ago` behind it. */
export function Moment({ at }: MomentProps): ComponentChildren {
  const now = useNow();
  return (
    <span class="moment">
      <time dateTime={at} title={localText(at)}>
        {utcText(at)}
      </time>{' '}
      <span class="muted">{ageText(at, now)}</span>
    </span>
  );
}

/** The age first, the time below it. */
export function AgeAndTime({ at }: MomentProps): ComponentChildren {
  const now = useNow();
  return (
    <span class="age-and-time">
      <span>{ageText(at, now)}</span>
      <time class="fine" dateTime={at} title={localText(at)}>
        {utcText(at)}
      </time>
    </span>
  );
}
