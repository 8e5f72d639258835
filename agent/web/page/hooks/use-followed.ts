import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

/** What `read` gives, and again when that has become another by the time that `subscribe` tells. */
export function useFollowed<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const [, drawAgain] = useReducer<number, void>((count) => count + 1, 0);
  const shown = { read, value: read() };
  const latest = useRef(shown);
  latest.current = shown;
  useLayoutEffect(() => {
    const update = () => {
      const { read: newest, value } = latest.current;
      if (newest() !== value) drawAgain();
    };
    update();
    return subscribe(update);
  }, [subscribe]);
  return shown.value;
}
