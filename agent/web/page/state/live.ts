import type { ActivityAnswer, EndedAnswer, TargetsAnswer } from '../../api.ts';
import { request, toApiError } from './client.ts';
import { listenTo } from './event-stream.ts';
import { initialLiveState, type LiveAction, type LiveState, reduceLive } from './live-state.ts';
import { createStore, type Store } from './store.ts';

/** The one connection of the page with the service. */
export interface Live {
  store: Store<LiveState, LiveAction>;
  /** Asks for all that is shown again. */
  refresh(): void;
}

const DEFAULT_REFRESH_MS = 30_000;
/** Several things often end at once. */
const SOON_MS = 150;
/** While the service cannot be reached, so often. */
const RETRY_MS = 5000;

export function startLive(): Live {
  const store = createStore(reduceLive, initialLiveState(Date.now()));
  let timer: number | undefined;
  let isWanted = false;

  const later = (ms: number) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, ms);
  };
  const ask = async () => {
    if (store.get().isAsking) {
      isWanted = true;
      return;
    }
    isWanted = false;
    store.dispatch({ type: 'asked' });
    try {
      store.dispatch({ type: 'answered', answer: await request<TargetsAnswer>('/targets'), at: Date.now() });
    } catch (error) {
      store.dispatch({ type: 'failed', error: toApiError(error), at: Date.now() });
    }
    later(isWanted ? SOON_MS : pauseMs(store.get()));
  };
  follow(store, () => later(SOON_MS));
  void ask();
  return { store, refresh: () => void ask() };
}

function pauseMs({ answer, failure }: LiveState): number {
  const refreshMs = answer ? answer.refreshSeconds * 1000 : DEFAULT_REFRESH_MS;
  return failure ? Math.min(RETRY_MS, refreshMs) : refreshMs;
}

/** @param onChange told when what is known may be out of date */
function follow(store: Store<LiveState, LiveAction>, onChange: () => void): void {
  let hasFailed = false;
  listenTo('/api/v1/events', {
    activities: ({ activities }: { activities: ActivityAnswer[] }) => {
      store.dispatch({ type: 'stream', state: 'live', at: Date.now() });
      store.dispatch({ type: 'activities', activities });
      // What happened while nobody listened is not told again.
      if (hasFailed) onChange();
      hasFailed = false;
    },
    activity: ({ activity }: { activity: ActivityAnswer }) => store.dispatch({ type: 'activity', activity }),
    ended: ({ ended }: { ended: EndedAnswer }) => {
      store.dispatch({ type: 'ended', ended });
      onChange();
    },
    error: () => {
      // Whether the service is gone too, an answer or none will tell.
      if (!hasFailed) onChange();
      hasFailed = true;
      store.dispatch({ type: 'stream', state: 'lost', at: Date.now() });
    },
  });
}
