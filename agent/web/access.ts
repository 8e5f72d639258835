import { createHash, timingSafeEqual } from 'node:crypto';
import { RateLimit } from './rate-limit.ts';
import { Refusal, tooMany } from './refusal.ts';

const WINDOW_MS = 60_000;
/** Of one address. */
const MAX_WRONG = 10;
/** Of all: so many that those who guess from many addresses do not soon lock out who knows it. */
const MAX_WRONG_IN_TOTAL = 100;
const MAX_ACTIONS = 30;

/** Who may act: those who know the token. Others only see. */
export class Access {
  readonly #digest: Buffer | undefined;
  readonly #wrong: RateLimit;
  readonly #wrongInTotal: RateLimit;
  readonly #actions: RateLimit;

  constructor(token: string | undefined, elapsedMs = () => performance.now()) {
    this.#digest = token === undefined ? undefined : digestOf(token);
    const limit = (max: number) => new RateLimit({ max, windowMs: WINDOW_MS, elapsedMs });
    this.#wrong = limit(MAX_WRONG);
    this.#wrongInTotal = limit(MAX_WRONG_IN_TOTAL);
    this.#actions = limit(MAX_ACTIONS);
  }

  get canAct(): boolean {
    return this.#digest !== undefined;
  }

  /** @throws Refusal 403 where there is no token, 401 where this is not it, 429 after too many wrong ones */
  assertToken(authorization: string | undefined, address: string): void {
    if (!this.#digest) throw readOnly();
    // Even the right one: else who guesses would learn it all the same.
    const waitSeconds = Math.max(this.#wrong.waitSeconds(address), this.#wrongInTotal.waitSeconds(''));
    if (waitSeconds > 0) throw tooMany('Too many wrong tokens were sent.', waitSeconds);
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    // Digests have one length, and comparing them takes the same time wherever they differ.
    if (token !== undefined && timingSafeEqual(digestOf(token), this.#digest)) return;
    if (token !== undefined) {
      this.#wrong.count(address);
      this.#wrongInTotal.count('');
    }
    throw unauthorized(token === undefined ? 'This needs the token of the dashboard.' : 'This is not the token.');
  }

  /** @throws Refusal 429 */
  countAction(): void {
    const waitSeconds = this.#actions.waitSeconds('');
    if (waitSeconds > 0) throw tooMany(`More than ${MAX_ACTIONS} actions were asked for within a minute.`, waitSeconds);
    this.#actions.count('');
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readOnly(): Refusal {
  return new Refusal(403, 'read-only', 'Nobody may act here: no token is set.', {
    hint: 'Set BACKUP_DASHBOARD_TOKEN or BACKUP_DASHBOARD_TOKEN_FILE where the service is started, and start it again.',
  });
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, 'unauthorized', message, {
    hint: 'Send "Authorization: Bearer <token>" with the value of BACKUP_DASHBOARD_TOKEN.',
    headers: { 'WWW-Authenticate': 'Bearer realm="falkordb-backup"' },
  });
}
