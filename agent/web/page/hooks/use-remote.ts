import { useEffect, useReducer } from 'preact/hooks';
import { request, toApiError } from '../state/client.ts';
import { initialRemote, type Remote, type RemoteAction, reduceRemote } from '../state/remote.ts';
import { useLive } from './use-live.ts';

/**
 * Reads again when the key changes, and when the service may have something new; what was read before stays meanwhile.
 * @param again another one has it read again, too
 */
export function useReading<T>(key: string, read: (signal: AbortSignal) => Promise<T>, again?: unknown): Remote<T> {
  const changes = useLive((state) => state.changes);
  const [remote, dispatch] = useReducer<Remote<T>, RemoteAction<T>>(reduceRemote, initialRemote(key));
  // Its first answer says that the service is there; before it, everything would be read twice.
  const isReady = changes > 0;
  useEffect(() => {
    if (!isReady) return;
    const ending = new AbortController();
    dispatch({ type: 'asked', key });
    read(ending.signal).then(
      (data) => ending.signal.aborted || dispatch({ type: 'answered', key, data }),
      (error) => ending.signal.aborted || dispatch({ type: 'failed', key, error: toApiError(error), at: Date.now() }),
    );
    return () => ending.abort();
  }, [key, changes, isReady, again]);
  return remote.key === key ? remote : initialRemote(key);
}

/** @param path below /api/v1 */
export function useAnswer<T>(path: string): Remote<T> {
  return useReading(path, (signal) => request<T>(path, { signal }));
}
