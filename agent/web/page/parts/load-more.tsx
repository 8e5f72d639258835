import type { ComponentChildren } from 'preact';
import type { PagesInHand } from '../hooks/use-pages.ts';
import { ErrorNote } from './notes.tsx';

type Shown = Pick<PagesInHand<unknown>, 'data' | 'isReadingOn' | 'readOnFailure' | 'readOn'>;

/** How many of how many are shown, and the way to more. */
export function LoadMore({ pages }: { pages: Shown }): ComponentChildren {
  const { data, isReadingOn, readOnFailure, readOn } = pages;
  if (!data) return null;
  const of = data.total === null ? '' : ` of ${data.total}`;
  return (
    <div class="load-more">
      {readOnFailure ? <ErrorNote error={readOnFailure} /> : null}
      <p class="muted" role="status">
        {data.items.length}
        {of} shown
      </p>
      {data.next === null ? null : (
        <button type="button" disabled={isReadingOn} onClick={readOn}>
          {isReadingOn ? 'Loading…' : 'Load more'}
        </button>
      )}
    </div>
  );
}
