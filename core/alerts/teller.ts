import { BackupError, toBackupError } from '../model/errors.ts';
import type { BackupEvent } from '../model/events.ts';
import type { Verdict } from '../model/run-record.ts';
import type { EventSink } from './event-sink.ts';

/** Each sink has a shorter bound of its own; this one is for a sink that fails to keep it. */
const SINK_BOUND_MS = 90_000;

export type Undelivered = Verdict['undelivered'][number];

/** Tells of one run, in the order of its events, and remembers what could not be told. */
export class Teller {
  readonly #sinks: EventSink[];
  readonly #onUndelivered: (undelivered: Undelivered) => void;
  readonly #undelivered: Undelivered[] = [];
  readonly #boundMs: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param boundMs after which a sink is given up */
  constructor(sinks: EventSink[], onUndelivered: (undelivered: Undelivered) => void, boundMs = SINK_BOUND_MS) {
    this.#sinks = sinks;
    this.#onUndelivered = onUndelivered;
    this.#boundMs = boundMs;
  }

  /** So far. */
  get undelivered(): Undelivered[] {
    return [...this.#undelivered];
  }

  /**
   * Never throws: a run is not worse for nobody having heard of it.
   * @returns once these events and those before are told, or given up, which happens within a bound
   */
  async tell(...events: BackupEvent[]): Promise<void> {
    if (events.length === 0) return;
    this.#last = this.#last.then(() => Promise.all(this.#sinks.map((sink) => this.#send(sink, events))));
    await this.#last;
  }

  async #send(sink: EventSink, events: BackupEvent[]): Promise<void> {
    const { promise: timeUp, reject } = Promise.withResolvers<never>();
    // Not unref'd: where a sink leaves nothing else to wait for, the process would end here, without the run's verdict.
    const timer = setTimeout(() => reject(neverEnded(sink, this.#boundMs)), this.#boundMs);
    try {
      await Promise.race([sink.send(events), timeUp]);
    } catch (error) {
      const { message, hint } = toBackupError(error);
      const undelivered = { sink: sink.name, error: message, ...(hint ? { hint } : {}) };
      this.#undelivered.push(undelivered);
      this.#onUndelivered(undelivered);
    } finally {
      clearTimeout(timer);
    }
  }
}

function neverEnded({ name }: EventSink, boundMs: number): BackupError {
  return new BackupError('not-delivered', `The ${name} did not end within ${boundMs / 1000} s.`, {
    hint: 'See that it is reachable. A sink ends by itself before that, so please report this as a bug, too.',
    retryable: true,
  });
}
