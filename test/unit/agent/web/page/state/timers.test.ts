import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepAsking } from '../../../../../../agent/web/page/state/asking.ts';
import { onTick } from '../../../../../../agent/web/page/state/clock.ts';

const PAUSE_MS = 300_000;
const SOON_MS = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is asked again and again', () => {
  function asking() {
    const answers: (() => void)[] = [];
    const ask = vi.fn(() => new Promise<void>((resolve) => void answers.push(resolve)));
    const answer = async () => {
      answers.shift()?.();
      await vi.advanceTimersByTimeAsync(0);
    };
    return { ask, answer, ...keepAsking(ask, () => PAUSE_MS) };
  }

  it('is asked when the pause is over, and before that when somebody wants it', async () => {
    const { ask, answer, now, soon } = asking();
    now();
    await answer();
    await vi.advanceTimersByTimeAsync(PAUSE_MS - 1);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(ask).toHaveBeenCalledTimes(2);
    await answer();
    soon();
    soon();
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  it.each(['soon', 'now'] as const)(
    'is asked once more where it was wanted %s while an answer was under way',
    async (wanted) => {
      const asked = asking();
      asked.now();
      asked[wanted]();
      expect(asked.ask).toHaveBeenCalledTimes(1);
      await asked.answer();
      await vi.advanceTimersByTimeAsync(SOON_MS);
      expect(asked.ask).toHaveBeenCalledTimes(2);
      await asked.answer();
      await vi.advanceTimersByTimeAsync(SOON_MS);
      expect(asked.ask).toHaveBeenCalledTimes(2);
    },
  );
});

describe('the clock', () => {
  it('ticks for all by one timer, as long as somebody listens', () => {
    const [one, other] = [vi.fn(), vi.fn()];
    const ends = [onTick(one), onTick(other)];
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(3000);
    expect([one, other].map(({ mock }) => mock.calls.length)).toEqual([3, 3]);
    for (const end of ends) end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
