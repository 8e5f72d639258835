import type { Activity, Change, Ended, Service } from '../service/port.ts';
import type { EndedAnswer, ServerEvent } from './api.ts';
import type { LogBuffer } from './log-buffer.ts';
import { activityAnswer } from './targets-answer.ts';

const EVERY_MS = 250;

interface Throttled {
  sentMs: number;
  /** The newest that was held back. */
  held: Activity | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Passes on what happens to all who listen: how far a run is at most four times a second, and always the last of it. */
export class EventHub {
  readonly #service: Service;
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  readonly #runs = new Map<string, Throttled>();
  readonly #unsubscribe: (() => void)[];

  constructor(service: Service, logs: LogBuffer) {
    this.#service = service;
    this.#unsubscribe = [
      service.subscribe((change) => this.#onChange(change)),
      logs.subscribe((line) => this.#tell({ type: 'log', line })),
    ];
  }

  /** @returns what ends it */
  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What each stream begins with. */
  first(): ServerEvent {
    return { type: 'activities', activities: this.#service.activities().map(activityAnswer) };
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const { timer } of this.#runs.values()) clearTimeout(timer);
    this.#runs.clear();
    this.#listeners.clear();
  }

  #onChange(change: Change): void {
    if (change.type === 'activity') this.#onActivity(change.activity);
    else this.#onEnded(change.ended);
  }

  #onActivity(activity: Activity): void {
    const name = nameOf(activity);
    const run = this.#runs.get(name) ?? { sentMs: Number.NEGATIVE_INFINITY, held: undefined, timer: undefined };
    this.#runs.set(name, run);
    run.held = activity;
    const waitMs = run.sentMs + EVERY_MS - performance.now();
    if (waitMs > 0) run.timer ??= setTimeout(() => this.#flush(run), waitMs).unref();
    else this.#flush(run);
  }

  #onEnded(ended: Ended): void {
    const name = nameOf(ended);
    const run = this.#runs.get(name);
    if (run) this.#flush(run);
    this.#runs.delete(name);
    this.#tell({ type: 'ended', ended: endedAnswer(ended) });
  }

  #flush(run: Throttled): void {
    clearTimeout(run.timer);
    run.timer = undefined;
    if (!run.held) return;
    run.sentMs = performance.now();
    this.#tell({ type: 'activity', activity: activityAnswer(run.held) });
    run.held = undefined;
  }

  #tell(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function nameOf({ kind, target, runId }: Activity | Ended): string {
  return `${kind} ${target} ${runId}`;
}

function endedAnswer({ kind, target, runId, backupId, outcome, message, hint }: Ended): EndedAnswer {
  return { kind, target, runId, backupId, outcome, message, hint };
}
