import type { ApiError } from '../../api.ts';

/** What is known of something that the service was asked for. */
export interface Remote<T> {
  /** What it is; an answer to an earlier question is not shown for another. */
  key: string;
  /** The newest that came. */
  data: T | undefined;
  isLoading: boolean;
  failure: { since: number; error: ApiError['error'] } | undefined;
}

export type RemoteAction<T> =
  | { type: 'asked'; key: string }
  | { type: 'answered'; key: string; data: T }
  | { type: 'failed'; key: string; error: ApiError['error']; at: number };

export function initialRemote<T>(key: string): Remote<T> {
  return { key, data: undefined, isLoading: true, failure: undefined };
}

export function reduceRemote<T>(state: Remote<T>, action: RemoteAction<T>): Remote<T> {
  if (action.type === 'asked') {
    return state.key === action.key ? { ...state, isLoading: true } : initialRemote(action.key);
  }
  if (action.key !== state.key) return state;
  if (action.type === 'answered') return { ...state, data: action.data, isLoading: false, failure: undefined };
  const since = state.failure?.since ?? action.at;
  return { ...state, isLoading: false, failure: { since, error: action.error } };
}
