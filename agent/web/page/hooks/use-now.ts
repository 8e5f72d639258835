import { onTick } from '../state/clock.ts';
import { ageText } from '../text/time.ts';
import { useFollowed } from './use-followed.ts';
import { useConnection } from './use-live.ts';

/** What follows from the time, and again when something else does. @param of the server's clock, in milliseconds */
export function useTimed<T extends string | number>(of: (now: number) => T): T {
  const { store } = useConnection();
  return useFollowed(onTick, () => of(Date.now() + store.get().clockAheadMs));
}

/** `3h ago`. @param at ISO 8601 */
export function useAge(at: string): string {
  return useTimed((now) => ageText(at, now));
}
