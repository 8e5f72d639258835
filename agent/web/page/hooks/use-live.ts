import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TargetAnswer } from '../../api.ts';
import type { Live } from '../state/live.ts';
import type { LiveState } from '../state/live-state.ts';
import { useFollowed } from './use-followed.ts';

export const LiveContext = createContext<Live | undefined>(undefined);

const NONE: TargetAnswer[] = [];

export function useConnection(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('LiveContext is missing');
  return live;
}

/** @param select what of it is of interest: only when that changes is it told again */
export function useLive<T>(select: (state: LiveState) => T): T {
  const { store } = useConnection();
  return useFollowed(store.subscribe, () => select(store.get()));
}

export function useTargets(): TargetAnswer[] {
  return useLive(({ answer }) => answer?.targets) ?? NONE;
}
