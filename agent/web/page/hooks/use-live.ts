import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { TargetAnswer } from '../../api.ts';
import type { Live } from '../state/live.ts';
import type { LiveState } from '../state/live-state.ts';
import { useStore } from './use-store.ts';

export const LiveContext = createContext<Live | undefined>(undefined);

export function useConnection(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('LiveContext is missing');
  return live;
}

export function useLive(): LiveState {
  return useStore(useConnection().store);
}

export function useTargets(): TargetAnswer[] {
  return useLive().answer?.targets ?? [];
}

/** By the server's clock, in milliseconds; told again each second, or as often as said. */
export function useNow(everyMs = 1000): number {
  const { store } = useConnection();
  const nowMs = () => Date.now() + store.get().clockAheadMs;
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    const update = () => setNow(nowMs());
    const timer = window.setInterval(update, everyMs);
    const end = store.subscribe(update);
    return () => {
      window.clearInterval(timer);
      end();
    };
  }, [store, everyMs]);
  return now;
}
