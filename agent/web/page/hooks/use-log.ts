import { useEffect, useReducer, useState } from 'preact/hooks';
import type { ApiError, LogLine, LogsAnswer } from '../../api.ts';
import { request, toApiError, withQuery } from '../state/client.ts';
import { listenTo } from '../state/event-stream.ts';
import { type LogFilter, MOST_LINES } from '../state/log-buffer.ts';
import { reduceLog } from '../state/log-state.ts';

export interface Log {
  /** Newest last. */
  lines: LogLine[];
  isLoading: boolean;
  failure: ApiError['error'] | undefined;
}

/** The lines that match, and those that come while one looks on. */
export function useLog(filter: LogFilter): Log {
  const [{ lines }, dispatch] = useReducer(reduceLog, { filter, lines: [], meanwhile: [] });
  const [failure, setFailure] = useState<ApiError['error']>();
  const [isLoading, setIsLoading] = useState(true);
  const path = withQuery('/logs', { ...filter, limit: MOST_LINES });
  useEffect(() => {
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
    const end = listenTo('/api/v1/events?logs=true', {
      // The first of each stream: what came before it is asked for, also after a break.
      activities: () => void ask(),
      log: ({ line }: { line: LogLine }) => dispatch({ type: 'line', line }),
    });
    return () => {
      ending.abort();
      end();
    };
  }, [path]);
  return { lines, isLoading, failure };
}
