import { describe, expect, it } from 'vitest';
import type { TargetsAnswer } from '../../../../../../agent/web/api.ts';
import {
  initialLiveState,
  type LiveAction,
  type LiveState,
  reduceLive,
} from '../../../../../../agent/web/page/state/live-state.ts';
import { activity, NOW, target } from '../examples.ts';

const ERROR = { code: 'unreachable', message: 'The service does not answer.', hint: null };
const ended = (given: object) => ({
  type: 'ended' as const,
  ended: { ...activity(), outcome: 'completed' as const, message: 'done', hint: null, ...given },
});

function reduced(...actions: LiveAction[]): LiveState {
  return actions.reduce(reduceLive, initialLiveState(NOW));
}

function answered(given: Partial<TargetsAnswer> = {}): LiveAction {
  const answer = {
    now: new Date(NOW + 5000).toISOString(),
    version: '0.1.0',
    startedAt: new Date(NOW).toISOString(),
    refreshSeconds: 300,
    canAct: true,
    targets: [target()],
    ...given,
  };
  return { type: 'answered', answer, at: NOW };
}

describe('what the page knows of the service', () => {
  it('learns by how much the clock of the server is ahead', () => {
    expect(reduced(answered()).clockAheadMs).toBe(5000);
  });

  it('keeps the answer and the time of the first failure, while the service cannot be reached', () => {
    const state = reduced(
      answered(),
      { type: 'failed', error: ERROR, at: NOW + 1000 },
      { type: 'asked' },
      { type: 'failed', error: ERROR, at: NOW + 9000 },
    );
    expect(state.failure).toEqual({ since: NOW + 1000, error: ERROR });
    expect(state.answer?.targets).toHaveLength(1);
    expect(state.isAsking).toBe(false);
    expect(reduceLive(state, answered()).failure).toBeUndefined();
  });

  it('counts changes with each answer, so that the views ask again', () => {
    expect(reduced(answered(), answered()).changes).toBe(2);
    expect(reduced(answered(), { type: 'failed', error: ERROR, at: NOW }).changes).toBe(1);
  });

  it('takes what goes on from answers only while no stream tells it', () => {
    const busy = answered({ targets: [target({ activities: [activity()] })] });
    expect(reduced(busy).activities).toEqual([activity()]);
    const streaming: LiveAction[] = [
      { type: 'stream', state: 'live', at: NOW },
      { type: 'activities', activities: [] },
    ];
    expect(reduced(...streaming, busy).activities).toEqual([]);
    expect(reduced(...streaming, { type: 'stream', state: 'lost', at: NOW }, busy).activities).toEqual([activity()]);
  });

  it('takes what goes on from an answer where the stream, live or not, has told nothing since it was asked for', () => {
    const streaming: LiveAction[] = [
      { type: 'stream', state: 'live', at: NOW },
      { type: 'activities', activities: [activity()] },
      { type: 'asked' },
    ];
    expect(reduced(...streaming, answered()).activities).toEqual([]);
    const told = activity({ progress: { phase: 'save', unit: 'keys', done: 1, total: 2 } });
    expect(reduced(...streaming, { type: 'activity', activity: told }, answered()).activities).toEqual([told]);
    const busy = answered({ targets: [target({ activities: [activity()] })] });
    expect(reduced(...streaming, ended({}), busy).activities).toEqual([]);
  });

  it('replaces an activity that has come further, in order of their begin', () => {
    const earlier = activity({ runId: '20261122T110000Z-bbbb', startedAt: '2026-11-22T11:00:00.000Z' });
    const progress = { phase: 'save', unit: 'keys', done: 1, total: 2 } as const;
    const state = reduced(
      { type: 'activity', activity: activity() },
      { type: 'activity', activity: earlier },
      { type: 'activity', activity: activity({ progress }) },
    );
    expect(state.activities).toEqual([earlier, activity({ progress })]);
  });

  it('ends the activity of one target, and not that of another with the same run id', () => {
    const other = activity({ target: 'other' });
    const state = reduced({ type: 'activities', activities: [activity(), other] }, ended({}));
    expect(state.activities).toEqual([other]);
    expect(state.notices).toMatchObject([{ id: 1, message: 'done' }]);
  });

  it('shows three notices at most, until they are put away', () => {
    const state = reduced(...['a', 'b', 'c', 'd'].map((message) => ended({ message })));
    expect(state.notices.map(({ message }) => message)).toEqual(['b', 'c', 'd']);
    const [first] = state.notices;
    const left = reduceLive(state, { type: 'dismissed', id: first?.id ?? 0 });
    expect(left.notices.map(({ message }) => message)).toEqual(['c', 'd']);
  });

  it('remembers since when the stream is as it is', () => {
    const lost = (at: number): LiveAction => ({ type: 'stream', state: 'lost', at });
    expect(reduced(lost(NOW + 1), lost(NOW + 2)).stream).toEqual({ state: 'lost', since: NOW + 1 });
  });
});
