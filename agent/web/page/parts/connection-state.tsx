import type { ComponentChildren } from 'preact';
import { useConnection, useLive } from '../hooks/use-live.ts';
import type { LiveState } from '../state/live-state.ts';
import { Icon } from './icon.tsx';
import { Age } from './moment.tsx';

/** Whether changes come by themselves, when all was last asked for, and the button that asks again. */
export function ConnectionState(): ComponentChildren {
  const { refresh } = useConnection();
  const live = useLive((state) => state);
  const { answer, isAsking } = live;
  const { level, text, title } = connectionWords(live);
  return (
    <div class="connection">
      <span class={`stream ${level}`} role="status" title={title}>
        {text}
      </span>
      {answer ? (
        <span class="updated fine">
          updated <Age at={answer.now} />
        </span>
      ) : null}
      <button type="button" class="icon-button" aria-label="Refresh" title="Refresh" onClick={refresh}>
        <Icon name="refresh" isTurning={isAsking} />
      </button>
    </div>
  );
}

function connectionWords({ stream, failure, answer }: LiveState): { level: string; text: string; title: string } {
  if (failure) return { level: 'bad', text: 'Offline', title: failure.error.message };
  if (stream.state === 'live') return { level: 'good', text: 'Live', title: 'Changes show by themselves' };
  const every = answer ? `; asked again every ${answer.refreshSeconds} s` : '';
  if (stream.state === 'connecting') return { level: 'info', text: 'Connecting', title: `No live changes yet${every}` };
  return { level: 'warning', text: 'Reconnecting', title: `Live changes are interrupted${every}` };
}
