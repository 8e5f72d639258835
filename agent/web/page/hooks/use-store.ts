import { useLayoutEffect, useState } from 'preact/hooks';
import type { Store } from '../state/store.ts';

/** The state of the store, and again whenever it changes. */
export function useStore<S, A>(store: Store<S, A>): S {
  const [state, setState] = useState(() => store.get());
  useLayoutEffect(() => {
    const update = () => setState(store.get());
    update();
    return store.subscribe(update);
  }, [store]);
  return state;
}
