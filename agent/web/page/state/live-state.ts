import type { ActivityAnswer, ApiError, EndedAnswer, TargetsAnswer } from '../../api.ts';

/** What the page knows of the service; changed by `reduce` alone. */
export interface LiveState {
  /** The newest answer; kept while the server cannot be reached. */
  answer: TargetsAnswer | undefined;
  /** When it came; milliseconds by the clock of this machine, as all times of the state. */
  answeredAt: number | undefined;
  /** By so much the server's clock is ahead of this machine's. */
  clockAheadMs: number;
  isAsking: boolean;
  failure: { since: number; error: ApiError['error'] } | undefined;
  stream: { state: StreamState; since: number };
  /** Whether the stream has told anything since the service was last asked. */
  isTold: boolean;
  activities: ActivityAnswer[];
  /** What has ended while the page looked on and was not put away; newest last. */
  notices: Notice[];
  /** Counts up when what other answers hold may have changed. */
  changes: number;
}

export type StreamState = 'connecting' | 'live' | 'lost';

export interface Notice extends EndedAnswer {
  id: number;
}

export type LiveAction =
  | { type: 'asked' }
  | { type: 'answered'; answer: TargetsAnswer; at: number }
  | { type: 'failed'; error: ApiError['error']; at: number }
  | { type: 'stream'; state: StreamState; at: number }
  | { type: 'activities'; activities: ActivityAnswer[] }
  | { type: 'activity'; activity: ActivityAnswer }
  | { type: 'ended'; ended: EndedAnswer }
  | { type: 'dismissed'; id: number };

const MOST_NOTICES = 3;

export function initialLiveState(now: number): LiveState {
  return {
    answer: undefined,
    answeredAt: undefined,
    clockAheadMs: 0,
    isAsking: false,
    failure: undefined,
    stream: { state: 'connecting', since: now },
    isTold: false,
    activities: [],
    notices: [],
    changes: 0,
  };
}

export function reduceLive(state: LiveState, action: LiveAction): LiveState {
  switch (action.type) {
    case 'asked':
      return { ...state, isAsking: true, isTold: false };
    case 'answered':
      return answered(state, action.answer, action.at);
    case 'failed': {
      const since = state.failure?.since ?? action.at;
      return { ...state, isAsking: false, failure: { since, error: action.error } };
    }
    case 'stream':
      if (state.stream.state === action.state) return state;
      return { ...state, stream: { state: action.state, since: action.at } };
    case 'activities':
      return { ...state, isTold: true, activities: action.activities };
    case 'activity':
      return { ...state, isTold: true, activities: withActivity(state.activities, action.activity) };
    case 'ended':
      return ended(state, action.ended);
    case 'dismissed':
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
  }
}

function answered(state: LiveState, answer: TargetsAnswer, at: number): LiveState {
  return {
    ...state,
    answer,
    answeredAt: at,
    clockAheadMs: Date.parse(answer.now) - at,
    isAsking: false,
    failure: undefined,
    // The answer may have been under way when the stream told what began or ended since.
    activities:
      state.isTold && state.stream.state === 'live'
        ? state.activities
        : answer.targets.flatMap(({ activities }) => activities),
    changes: state.changes + 1,
  };
}

function withActivity(activities: ActivityAnswer[], activity: ActivityAnswer): ActivityAnswer[] {
  const others = activities.filter((other) => !isSame(other, activity));
  return [...others, activity].toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/** Scheduled runs of several targets have the same id. */
function isSame(one: Pick<EndedAnswer, 'target' | 'runId'>, other: Pick<EndedAnswer, 'target' | 'runId'>): boolean {
  return one.runId === other.runId && one.target === other.target;
}

function ended(state: LiveState, notice: EndedAnswer): LiveState {
  const id = (state.notices.at(-1)?.id ?? 0) + 1;
  return {
    ...state,
    isTold: true,
    activities: state.activities.filter((activity) => !isSame(activity, notice)),
    notices: [...state.notices, { ...notice, id }].slice(-MOST_NOTICES),
  };
}
