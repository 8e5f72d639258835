import type { Service } from '../service/port.ts';
import type { PartState } from './api.ts';
import type { TargetView } from './target-view.ts';

/** The clock looks every minute at the latest. */
const MAX_SILENCE_MS = 180_000;

export interface Healthy {
  status: 'ok';
}

export interface Unhealthy {
  status: 'unavailable';
  /** A sentence each. */
  problems: string[];
}

/** Whether the service itself is at work: where it is not, it is to be started again. */
export function healthOf(service: Service, now: Date): Healthy | Unhealthy {
  const lookAt = service.lastLookAt();
  // Of a clock that was set back, too: until the next look nobody knows.
  if (Math.abs(now.getTime() - lookAt.getTime()) < MAX_SILENCE_MS) return { status: 'ok' };
  return { status: 'unavailable', problems: [`The clock has not looked for anything since ${lookAt.toISOString()}.`] };
}

/** Whether it can do what it is for: all that it needs could be reached a moment ago. */
export async function readinessOf(service: Service, views: readonly TargetView[]): Promise<Healthy | Unhealthy> {
  const found = await Promise.all(views.map(problemsOf));
  const problems = [
    ...(service.isReady() ? [] : ['What an earlier process has left behind is still being looked after.']),
    ...found.flat(),
  ];
  return problems.length === 0 ? { status: 'ok' } : { status: 'unavailable', problems };
}

async function problemsOf(view: TargetView): Promise<string[]> {
  const parts: PartState[] = await Promise.all([view.database.state(), view.storeState()]);
  return parts.flatMap(({ state, message }) => (state === 'down' ? [`${view.name}: ${message}`] : []));
}
