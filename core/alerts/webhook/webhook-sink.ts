import { lookup } from 'node:dns/promises';
import { BackupError } from '../../model/errors.ts';
import type { BackupEvent } from '../../model/events.ts';
import type { EventSink } from '../event-sink.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { judgeAnswer, judgeError, type Refusal } from './judgement.ts';
import { post } from './post.ts';
import { assertNoPrivateLiteral, publicLookup, type Resolve } from './private-addresses.ts';
import { bodyOf, type ShapeName, shapeOf } from './shapes.ts';
import { signature } from './signature.ts';
import { type GivenUp, untilTaken } from './until-taken.ts';

const ATTEMPT_TIMEOUT_MS = 10_000;
const TOTAL_TIMEOUT_MS = 60_000;

export interface WebhookOptions {
  /** A secret: who has it can post there. Messages name its scheme and host only. */
  url: string;
  /** Signs what is posted. */
  secret?: string | undefined;
  /** By default that of the URL's host. */
  shape?: ShapeName | undefined;
  /** Whether the receiver may be this machine or in its network. A function on AWS must not be led there. */
  allowPrivateAddresses: boolean;
  /** Name and version of the tool. */
  userAgent: string;
  /** PEM of the authority to trust instead of the public ones. */
  ca?: string | undefined;
  attemptTimeoutMs?: number;
  /** For all events of one `send`. */
  totalTimeoutMs?: number;
  clock?: Clock;
  random?: () => number;
  resolve?: Resolve;
}

/** Posts events to one URL, one after the other in their order; docs/webhooks.md says what a receiver sees. */
export class WebhookSink implements EventSink {
  readonly name: string;
  readonly #url: URL;
  readonly #shape: ShapeName;
  readonly #options: WebhookOptions;
  readonly #clock: Clock;

  /** @throws invalid-settings */
  constructor(options: WebhookOptions) {
    this.#url = parseUrl(options.url);
    if (options.secret === '') throw invalid('The secret of a webhook is empty.');
    this.#shape = options.shape ?? shapeOf(this.#url);
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.name = `webhook at ${this.#url.origin}`;
  }

  /**
   * Each event has its share of the time that is left: one that the receiver fails over does not use up that of others.
   * @throws not-delivered, after all were tried
   */
  async send(events: BackupEvent[]): Promise<void> {
    const {
      totalTimeoutMs = TOTAL_TIMEOUT_MS,
      attemptTimeoutMs = ATTEMPT_TIMEOUT_MS,
      random = Math.random,
    } = this.#options;
    const clock = this.#clock;
    const endMs = clock.elapsedMs() + totalTimeoutMs;
    const failures: BackupError[] = [];
    for (const [index, event] of events.entries()) {
      const startMs = clock.elapsedMs();
      const deadlineMs = startMs + (endMs - startMs) / (events.length - index);
      const body = bodyOf(this.#shape, event);
      const givenUp = await untilTaken({ clock, attemptTimeoutMs, deadlineMs, random }, (timeoutMs) =>
        this.#attempt(event, body, timeoutMs),
      );
      if (givenUp) failures.push(this.#notDelivered(event, givenUp));
    }
    const [first] = failures;
    if (first) throw failures.length === 1 ? first : severalNotDelivered(first, failures, events.length);
  }

  async #attempt(event: BackupEvent, body: string, timeoutMs: number): Promise<Refusal | undefined> {
    const { allowPrivateAddresses, resolve = lookup, ca } = this.#options;
    const url = this.#url;
    try {
      if (!allowPrivateAddresses) assertNoPrivateLiteral(url);
      const headers = this.#headers(event, body);
      const guard = allowPrivateAddresses ? undefined : publicLookup(resolve);
      const answer = await post({ url, headers, body, timeoutMs, lookup: guard, ca });
      return judgeAnswer(answer, this.#secrets(), this.#clock.now());
    } catch (error) {
      return judgeError(error);
    }
  }

  #headers(event: BackupEvent, body: string): Record<string, string> {
    const { secret, userAgent } = this.#options;
    const unixSeconds = Math.floor(this.#clock.now().getTime() / 1000);
    return {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'x-falkordb-backup-event-id': event.detail.eventId,
      'x-falkordb-backup-timestamp': String(unixSeconds),
      ...(secret === undefined ? {} : { 'x-falkordb-backup-signature': signature(secret, unixSeconds, body) }),
    };
  }

  /** What an answer must not hold to be shown. */
  #secrets(): string[] {
    const { username, password, pathname, search } = this.#url;
    const words = [username, password, pathname, search].join(' ').split(/[^\w.-]+/);
    return [...words, this.#options.secret ?? ''].filter((word) => word !== '');
  }

  #notDelivered({ type, detail }: BackupEvent, { refusal, attempts }: GivenUp): BackupError {
    const { reason, hint, retryable } = refusal;
    const tries = attempts === 1 ? 'once' : `${attempts} times`;
    return new BackupError(
      'not-delivered',
      `The ${this.name} did not take "${type}" of ${detail.target} (tried ${tries}): ${reason}.`,
      { hint, retryable },
    );
  }
}

function severalNotDelivered(first: BackupError, failures: BackupError[], events: number): BackupError {
  return new BackupError(
    'not-delivered',
    `${failures.length} of ${events} notices were not delivered. ${first.message}`,
    {
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      retryable: failures.some(({ retryable }) => retryable),
    },
  );
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw invalid('The URL of a webhook is no http:// or https:// URL.');
}

function invalid(message: string): BackupError {
  return new BackupError('invalid-settings', message, { hint: 'docs/webhooks.md explains the settings of webhooks.' });
}
