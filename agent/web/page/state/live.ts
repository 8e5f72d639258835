import type { ActivityAnswer, EndedAnswer, LogLine, TargetsAnswer } from '../../api.ts';
import { keepAsking } from './asking.ts';
import { request, toApiError } from './client.ts';
import { eventStream } from './event-stream.ts';
import { initialLiveState, type LiveAction, type LiveState, reduceLive } from './live-state.ts';
import { createStore, type Store } from './store.ts';

/** The one connection of the page with the service. */
export interface Live {
  store: Store<LiveState, LiveAction>;
  /** Asks for all that is shown again. */
  refresh(): void;
  /** Has the stream bring lines of the log, too. @returns what ends it */
  followLog(follower: LogFollower): () => void;
}

export interface LogFollower {
  /** From now on lines come: those of before have to be asked for, also after a break. */
  onBegin(): void;
  onLine(line: LogLine): void;
}

const DEFAULT_REFRESH_MS = 30_000;
/** While the service cannot be reached, so often. */
const RETRY_MS = 5000;

export function startLive(): Live {
  const store = createStore(reduceLive, initialLiveState(Date.now()));
  const ask = async () => {
    store.dispatch({ type: 'asked' });
    try {
      store.dispatch({ type: 'answered', answer: await request<TargetsAnswer>('/targets'), at: Date.now() });
    } catch (error) {
      store.dispatch({ type: 'failed', error: toApiError(error), at: Date.now() });
    }
  };
  const { now, soon } = keepAsking(ask, () => pauseMs(store.get()));
  now();
  return { store, refresh: now, followLog: listen(store, soon) };
}

function pauseMs({ answer, failure }: LiveState): number {
  const refreshMs = answer ? answer.refreshSeconds * 1000 : DEFAULT_REFRESH_MS;
  return failure ? Math.min(RETRY_MS, refreshMs) : refreshMs;
}

/**
 * By one stream, and none while nobody looks: a browser has six connections with a host, for all of its tabs.
 * @param onChange told when what is known may be out of date
 */
function listen(store: Store<LiveState, LiveAction>, onChange: () => void): Live['followLog'] {
  const followers = new Set<LogFollower>();
  let isFirst = true;
  let url: string | undefined;
  const stream = eventStream({
    activities: ({ activities }: { activities: ActivityAnswer[] }) => {
      store.dispatch({ type: 'stream', state: 'live', at: Date.now() });
      store.dispatch({ type: 'activities', activities });
      // What happened while nobody listened is not told again.
      if (!isFirst) onChange();
      isFirst = false;
      for (const { onBegin } of followers) onBegin();
    },
    activity: ({ activity }: { activity: ActivityAnswer }) => store.dispatch({ type: 'activity', activity }),
    ended: ({ ended }: { ended: EndedAnswer }) => {
      store.dispatch({ type: 'ended', ended });
      onChange();
    },
    log: ({ line }: { line: LogLine }) => {
      for (const { onLine } of followers) onLine(line);
    },
    error: () => {
      // Whether the service is gone too, an answer or none will tell.
      if (store.get().stream.state !== 'lost') onChange();
      store.dispatch({ type: 'stream', state: 'lost', at: Date.now() });
    },
  });
  const listenAsWanted = () => {
    const logs = followers.size > 0 ? '?logs=true' : '';
    const wanted = document.hidden ? undefined : `/api/v1/events${logs}`;
    if (wanted === url) return;
    url = wanted;
    if (url === undefined) stream.close();
    else stream.open(url);
  };
  document.addEventListener('visibilitychange', () => {
    listenAsWanted();
    if (document.hidden) store.dispatch({ type: 'stream', state: 'connecting', at: Date.now() });
    else onChange();
  });
  listenAsWanted();
  return (follower) => {
    followers.add(follower);
    listenAsWanted();
    return () => {
      followers.delete(follower);
      listenAsWanted();
    };
  };
}
