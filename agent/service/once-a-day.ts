import type { EventSink } from '../../core/alerts/event-sink.ts';
import type { BackupEvent } from '../../core/model/events.ts';

const DAY_MS = 24 * 3600 * 1000;

/** A sink for what is tried again and again: it passes on the same fact once a day. */
export class OnceADay implements EventSink {
  readonly name: string;
  readonly #sink: EventSink;
  readonly #now: () => Date;
  readonly #told = new Map<string, number>();

  constructor(sink: EventSink, now: () => Date) {
    this.name = sink.name;
    this.#sink = sink;
    this.#now = now;
  }

  /** @throws as the sink that it passes them on to: then it was not told */
  async send(events: BackupEvent[]): Promise<void> {
    const now = this.#now().getTime();
    const fresh = events.filter(({ detail }) => now - (this.#told.get(detail.eventId) ?? 0) >= DAY_MS);
    if (fresh.length === 0) return;
    await this.#sink.send(fresh);
    for (const { detail } of fresh) this.#told.set(detail.eventId, now);
  }
}
