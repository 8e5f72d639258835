/** Several things often end at once. */
const SOON_MS = 150;

/** Asks again and again, and never twice at a time. */
export interface Asking {
  /** At once, or when the answer that is under way has come: it may be of before. */
  now(): void;
  /** Within moments: what is known may be out of date. */
  soon(): void;
}

/** @param ask never throws @param pauseMs from an answer to the next question */
export function keepAsking(ask: () => Promise<void>, pauseMs: () => number): Asking {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isWanted = false;
  const later = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(now, ms);
  };
  const now = async () => {
    isWanted = isAsking;
    if (isAsking) return;
    isAsking = true;
    await ask();
    isAsking = false;
    later(isWanted ? SOON_MS : pauseMs());
  };
  const soon = () => {
    if (isAsking) isWanted = true;
    else later(SOON_MS);
  };
  return { now: () => void now(), soon };
}
