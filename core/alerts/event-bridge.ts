import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { BackupError, systemErrorCode } from '../model/errors.ts';
import { type BackupEvent, EVENT_SOURCE } from '../model/events.ts';
import type { EventSink } from './event-sink.ts';

export interface EventBus {
  /** Name or ARN. */
  name: string;
  /** By default the SDK's own sources: AWS_REGION, the profile, the instance. */
  region?: string | undefined;
}

/** Of one PutEvents. */
const MAX_ENTRIES = 10;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** Of one request that fails as a whole, by the SDK. */
const MAX_ATTEMPTS = 3;
/** Of entries that the service did not take, though it answered. */
const MAX_ROUNDS = 5;
const FIRST_PAUSE_MS = 200;
/** Of everything, the search for credentials included. */
const TIMEOUT_MS = 20_000;

/** Codes of entries that no repetition helps, by the reference of PutEvents. */
const FOR_GOOD = new Set([
  'AccessDeniedException',
  'InvalidAccountIdException',
  'InvalidArgument',
  'MalformedDetail',
  'RedactionFailure',
  'NotAuthorizedForSourceException',
  'NotAuthorizedForDetailTypeException',
]);

const NOTHING_TO_PUT = 'ValidationException';

interface Untold {
  event: BackupEvent;
  code: string;
  mayHelp: boolean;
}

/** Puts events on a bus of Amazon EventBridge. AWS_ENDPOINT_URL_EVENTBRIDGE is honoured, as everywhere in the SDK. */
export class EventBridgeSink implements EventSink {
  readonly name: string;
  readonly #bus: string;
  readonly #client: EventBridgeClient;
  readonly #timeoutMs: number;

  constructor({ name, region }: EventBus, { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {}) {
    this.name = `EventBridge bus ${name}`;
    this.#bus = name;
    this.#timeoutMs = timeoutMs;
    this.#client = new EventBridgeClient({
      ...(region === undefined ? {} : { region }),
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    });
  }

  async send(events: BackupEvent[]): Promise<void> {
    const timeUp = new AbortController();
    const timer = setTimeout(() => timeUp.abort(), this.#timeoutMs);
    try {
      const untold = await this.#sendAll(events, timeUp.signal);
      if (untold.length > 0) throw this.#notDelivered(untold);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Sees, without an event, that there are credentials and that EventBridge answers: it refuses to put nothing, and with
   * another code where it does not take the credentials. Whether it would take an event shows only with one.
   * @throws not-delivered
   */
  async probe(): Promise<void> {
    const timeUp = AbortSignal.timeout(this.#timeoutMs);
    try {
      const sent = this.#client.send(new PutEventsCommand({ Entries: [] }), { abortSignal: timeUp });
      await Promise.race([sent, rejectedOnceAborted(timeUp)]);
    } catch (error) {
      if (error instanceof Error && error.name === NOTHING_TO_PUT) return;
      throw this.#failure('could not be reached', [this.#codeOf(error, timeUp)]);
    }
  }

  async #sendAll(events: BackupEvent[], signal: AbortSignal): Promise<Untold[]> {
    const lost: Untold[] = [];
    let pending = events;
    for (let round = 1; ; round++) {
      const failed: Untold[] = [];
      for (let start = 0; start < pending.length; start += MAX_ENTRIES)
        failed.push(...(await this.#put(pending.slice(start, start + MAX_ENTRIES), signal)));
      const isLast = round === MAX_ROUNDS || signal.aborted;
      const again = isLast ? [] : failed.filter(({ mayHelp }) => mayHelp);
      lost.push(...failed.filter((each) => !again.includes(each)));
      if (again.length === 0) return lost;
      pending = again.map(({ event }) => event);
      await delay(FIRST_PAUSE_MS * 2 ** (round - 1) * (0.5 + Math.random()));
    }
  }

  /** @returns those that the bus did not take */
  async #put(events: BackupEvent[], signal: AbortSignal): Promise<Untold[]> {
    const command = new PutEventsCommand({ Entries: events.map((event) => this.#entryOf(event)) });
    try {
      const sent = this.#client.send(command, { abortSignal: signal });
      const { Entries = [] } = await Promise.race([sent, rejectedOnceAborted(signal)]);
      return events.flatMap((event, index) => {
        const { EventId, ErrorCode: code = 'no answer for it' } = Entries[index] ?? {};
        return EventId === undefined ? [{ event, code, mayHelp: !FOR_GOOD.has(code) }] : [];
      });
    } catch (error) {
      const code = this.#codeOf(error, signal);
      // The SDK has tried again where that may help.
      return events.map((event) => ({ event, code, mayHelp: false }));
    }
  }

  #entryOf({ type, detail }: BackupEvent): PutEventsRequestEntry {
    return {
      Source: EVENT_SOURCE,
      DetailType: type,
      Detail: JSON.stringify(detail),
      EventBusName: this.#bus,
      Time: new Date(detail.at),
    };
  }

  #notDelivered(untold: Untold[]): BackupError {
    const types = [...new Set(untold.map(({ event }) => event.type))].join(', ');
    const codes = [...new Set(untold.map(({ code }) => code))];
    return this.#failure(`was not told of ${types}`, codes);
  }

  #codeOf(error: unknown, timeUp: AbortSignal): string {
    return timeUp.aborted ? `no answer within ${this.#timeoutMs / 1000} s` : codeOf(error);
  }

  #failure(what: string, codes: string[]): BackupError {
    return new BackupError('not-delivered', `${this.name} ${what}: ${codes.join(', ')}.`, {
      hint: 'Check that BACKUP_EVENT_BUS exists in this region (AWS_REGION, S3_REGION), and that this host may events:PutEvents.',
      retryable: !codes.some((code) => FOR_GOOD.has(code)),
    });
  }
}

function rejectedOnceAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Without the service's own words, which may repeat what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const metadata = '$metadata' in error && error.$metadata instanceof Object ? error.$metadata : {};
  const status = 'httpStatusCode' in metadata ? `, HTTP ${metadata.httpStatusCode}` : '';
  const isWithoutRegion = /Region is missing/.test(error.message);
  return isWithoutRegion ? 'the region is missing' : `${systemErrorCode(error) ?? error.name}${status}`;
}
