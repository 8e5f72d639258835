import type { ComponentChildren } from 'preact';
import type { ApiError } from '../../api.ts';
import type { Remote } from '../state/remote.ts';
import type { Level } from '../text/overall.ts';
import { Icon } from './icon.tsx';
import { AgeHere } from './moment.tsx';

interface NoteProps {
  level: Level;
  title: ComponentChildren;
  hint?: ComponentChildren;
  /** Read out at once. */
  isAlert?: boolean;
}

/** Something that one should know, with what to do about it. */
export function Note({ level, title, hint, isAlert = false }: NoteProps): ComponentChildren {
  return (
    <div class={`note ${level}`} role={isAlert ? 'alert' : undefined}>
      <Icon name={level} />
      <div>
        <p>{title}</p>
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
    </div>
  );
}

export function ErrorNote({
  error,
  isAlert = true,
}: {
  error: ApiError['error'];
  isAlert?: boolean;
}): ComponentChildren {
  return <Note level="bad" title={error.message} hint={error.hint} isAlert={isAlert} />;
}

/** Grey bars where text will be. */
export function Skeleton({ lines = 4 }: { lines?: number }): ComponentChildren {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): ComponentChildren {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

interface LoadedProps<T> {
  remote: Remote<T>;
  lines?: number;
  children: (data: T) => ComponentChildren;
}

/** What was asked for; before it came a skeleton, and what went wrong, over what was known before that. */
export function Loaded<T>({ remote, lines = 6, children }: LoadedProps<T>): ComponentChildren {
  const { data, failure } = remote;
  return (
    <>
      {failure ? <FailureNote failure={failure} hasData={data !== undefined} /> : null}
      {data === undefined ? failure ? null : <Skeleton lines={lines} /> : children(data)}
    </>
  );
}

function FailureNote({
  failure: { error, since },
  hasData,
}: {
  failure: NonNullable<Remote<unknown>['failure']>;
  hasData: boolean;
}): ComponentChildren {
  if (!hasData) return <ErrorNote error={error} />;
  const known = (
    <>
      {error.message} What is shown is older: asking failed <AgeHere at={since} />.
    </>
  );
  return <Note level="warning" title={known} hint={error.hint} />;
}
