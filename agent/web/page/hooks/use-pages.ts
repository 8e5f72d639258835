import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { toApiError } from '../state/client.ts';
import { type Pages, type ReadPage, readOn, readPages } from '../state/pages.ts';
import type { Remote } from '../state/remote.ts';
import { useReading } from './use-remote.ts';

export interface PagesInHand<T> extends Remote<Pages<T>> {
  isReadingOn: boolean;
  readOnFailure: ApiError['error'] | undefined;
  /** Reads the next page. */
  readOn(): void;
}

/** @param readPage of the list that `key` names */
export function usePages<T>(key: string, readPage: (signal?: AbortSignal) => ReadPage<T>): PagesInHand<T> {
  const [more, setMore] = useState<{ key: string; wanted: number }>({ key, wanted: 0 });
  const [readOnFailure, setReadOnFailure] = useState<ApiError['error']>();
  const [added, setAdded] = useState<{ to: Pages<T>; pages: Pages<T> }>();
  const [isReadingOn, setIsReadingOn] = useState(false);
  const wanted = more.key === key ? more.wanted : 0;
  const remote = useReading(key, (signal) => readPages(readPage(signal), wanted));
  const data = added && added.to === remote.data ? added.pages : remote.data;
  const next = async () => {
    if (!data || !remote.data || isReadingOn) return;
    setIsReadingOn(true);
    try {
      const pages = await readOn(readPage(), data);
      setAdded({ to: remote.data, pages });
      setMore({ key, wanted: pages.items.length });
      setReadOnFailure(undefined);
    } catch (error) {
      setReadOnFailure(toApiError(error));
    } finally {
      setIsReadingOn(false);
    }
  };
  return { ...remote, data, isReadingOn, readOnFailure, readOn: () => void next() };
}
