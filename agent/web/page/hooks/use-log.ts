import { useEffect, useReducer, useState } from 'preact/hooks';
import type { ApiError, LogLine, LogsAnswer } from '../../api.ts';
import { request, toApiError, withQuery } from '../state/client.ts';
import { type LogFilter, MOST_LINES } from '../state/log-buffer.ts';
import { reduceLog } from '../state/log-state.ts';
import { useConnection } from './use-live.ts';

export interface Log {
  /** Newest last. */
  lines: LogLine[];
  isLoading: boolean;
  failure: ApiError['error'] | undefined;
}

/** The lines that match, and those that come while one looks on. */
export function useLog(filter: LogFilter): Log {
  const { followLog } = useConnection();
  const [{ lines }, dispatch] = useReducer(reduceLog, { filter, lines: [], meanwhile: [] });
  const [failure, setFailure] = useState<ApiError['error']>();
  const [isLoading, setIsLoading] = useState(true);
  const [begun, setBegun] = useState(0);
  const path = withQuery('/logs', { ...filter, limit: MOST_LINES });
  useEffect(() => {
    let gathered: LogLine[] = [];
    const draw = () => {
      dispatch({ type: 'lines', lines: gathered });
      gathered = [];
    };
    return followLog({
      onBegin: () => setBegun((count) => count + 1),
      // Many may come at once: they are drawn together, when the browser draws.
      onLine: (line) => {
        if (gathered.push(line) === 1) requestAnimationFrame(draw);
      },
    });
  }, [followLog]);
  useEffect(() => {
    // What came before the stream, and while there was none, is asked for when it begins.
    if (begun === 0) return;
    const ending = new AbortController();
    const ask = async () => {
      dispatch({ type: 'asked', filter });
      try {
        const answer = await request<LogsAnswer>(path, { signal: ending.signal });
        dispatch({ type: 'answered', lines: answer.lines });
        setFailure(undefined);
      } catch (error) {
        if (ending.signal.aborted) return;
        setFailure(toApiError(error));
      }
      setIsLoading(false);
    };
    void ask();
    return () => ending.abort();
  }, [path, begun]);
  return { lines, isLoading, failure };
}
