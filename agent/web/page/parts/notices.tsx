import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { useConnection, useLive } from '../hooks/use-live.ts';
import type { Notice } from '../state/live-state.ts';
import type { Level } from '../text/overall.ts';
import { kindText } from '../text/progress.ts';
import { Icon } from './icon.tsx';

const LEVELS: Record<Notice['outcome'], Level> = { completed: 'good', skipped: 'info', failed: 'bad' };
/** A failure stays until it is put away. */
const SHOWN_MS = 10_000;

/** What has ended while one looked on. */
export function Notices(): ComponentChildren {
  const notices = useLive((state) => state.notices);
  return (
    <div class="notices" role="log" aria-label="What has ended" aria-live="polite">
      {notices.map((notice) => (
        <NoticeBox key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeBox({ notice }: { notice: Notice }): ComponentChildren {
  const { store } = useConnection();
  const { id, kind, target, outcome, message, hint } = notice;
  const dismiss = () => store.dispatch({ type: 'dismissed', id });
  useEffect(() => {
    if (outcome === 'failed') return;
    const timer = window.setTimeout(dismiss, SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div class={`notice ${LEVELS[outcome]}`}>
      <Icon name={LEVELS[outcome]} />
      <div>
        <p>
          <strong>
            {kindText(kind)} {outcome}
          </strong>{' '}
          <span class="muted">{target}</span>
        </p>
        <p>{message}</p>
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
      <button type="button" class="icon-button" aria-label="Put this notice away" onClick={dismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}
