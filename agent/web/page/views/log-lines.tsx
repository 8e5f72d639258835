import { Component, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LogLine } from '../../api.ts';
import { Skeleton } from '../parts/notes.tsx';
import { fieldsText, MOST_LINES } from '../state/log-buffer.ts';
import { formatRoute } from '../state/route.ts';
import { countOf } from '../text/numbers.ts';
import { localText } from '../text/time.ts';

/** So near to the end counts as being there. */
const NEAR_PX = 32;
const NOTHING = 'No line matches. The service holds its newest lines in memory; older ones are where its log is kept.';

/** Scrolls along with what comes, until somebody scrolls up. */
export function LogLines({ lines, isLoading }: { lines: LogLine[]; isLoading: boolean }): ComponentChildren {
  const box = useRef<HTMLElement>(null);
  const [isFollowing, setIsFollowing] = useState(true);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    if (isFollowing) toEnd();
  }, [lines, isFollowing]);
  const look = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: { currentTarget: HTMLElement }) =>
    setIsFollowing(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  return (
    <div class="log">
      <div class="log-head">
        <span class="muted">
          {countOf(lines.length, 'line')}
          {lines.length >= MOST_LINES ? ', the newest that match' : ''}
        </span>
        <button type="button" aria-pressed={isFollowing} onClick={() => setIsFollowing(!isFollowing)}>
          {isFollowing ? 'Following' : 'Follow'}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll only what has the focus */}
      <section class="log-box" aria-label="Log, newest line last" tabIndex={0} ref={box} onScroll={look}>
        {isLoading && lines.length === 0 ? <Skeleton lines={8} /> : null}
        {!isLoading && lines.length === 0 ? <p class="muted">{NOTHING}</p> : null}
        <ol>
          {lines.map((line) => (
            <Line key={line.seq} line={line} />
          ))}
        </ol>
      </section>
    </div>
  );
}

/** A line never changes: of a thousand only the new ones are drawn. */
class Line extends Component<{ line: LogLine }> {
  override shouldComponentUpdate({ line }: { line: LogLine }): boolean {
    return line !== this.props.line;
  }

  override render(): ComponentChildren {
    const { at, level, message, target, runId, fields } = this.props.line;
    return (
      <li class={level}>
        <time dateTime={at} title={localText(at)}>
          {at.slice(0, 23)}Z
        </time>
        <span class="level">{level}</span>
        <span class="message">
          {message}{' '}
          <span class="muted">{[target, fieldsText({ message, fields })].filter((text) => text).join(' ')}</span>
          {runId === null ? null : (
            <>
              {' '}
              <a href={formatRoute({ view: 'logs', params: { runId } })}>{runId}</a>
            </>
          )}
        </span>
      </li>
    );
  }
}
