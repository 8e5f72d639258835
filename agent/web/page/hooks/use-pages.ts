import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { type Pages, type ReadPage, readPages } from '../state/pages.ts';
import type { Remote } from '../state/remote.ts';
import { useReading } from './use-remote.ts';

export interface PagesInHand<T> extends Remote<Pages<T>> {
  isReadingOn: boolean;
  readOnFailure: ApiError['error'] | undefined;
  /** Reads the next page. */
  readOn(): void;
}

/** @param readPage of the list that `key` names */
export function usePages<T>(key: string, readPage: (signal: AbortSignal) => ReadPage<T>): PagesInHand<T> {
  // Another object each time: who asks for more once more, after it failed, has it read again.
  const [more, setMore] = useState({ key, atLeast: 0 });
  const atLeast = more.key === key ? more.atLeast : 0;
  const remote = useReading(key, (signal) => readPages(readPage(signal), atLeast), more);
  const { data, isLoading, failure } = remote;
  const isMissing = data !== undefined && data.next !== null && data.items.length < atLeast;
  return {
    ...remote,
    isReadingOn: isMissing && isLoading,
    readOnFailure: isMissing ? failure?.error : undefined,
    readOn: () => setMore({ key, atLeast: (data?.items.length ?? 0) + 1 }),
  };
}
