import { lookup } from 'node:dns/promises';
import { BackupError } from '../model/errors.ts';
import { type Clock, SYSTEM_CLOCK } from './webhook/clock.ts';
import { judgeAnswer, judgeError, type Refusal } from './webhook/judgement.ts';
import { post } from './webhook/post.ts';
import { assertNoPrivateLiteral, publicLookup } from './webhook/private-addresses.ts';
import { untilTaken } from './webhook/until-taken.ts';

const ATTEMPT_TIMEOUT_MS = 10_000;
const TOTAL_TIMEOUT_MS = 30_000;
/** More than that is cut by those who keep it. */
const MAX_TEXT = 10_000;

export interface HeartbeatOptions {
  /** A secret: who has it can ping. Messages name its scheme and host only. */
  url: string;
  /** Whether the monitor may be this machine or in its network. */
  allowPrivateAddresses: boolean;
  /** Name and version of the tool. */
  userAgent: string;
  attemptTimeoutMs?: number;
  totalTimeoutMs?: number;
  clock?: Clock;
  random?: () => number;
}

export interface Beat {
  status: 'success' | 'failure';
  /** For the monitor's log; holds no secret. */
  text?: string;
}

/**
 * Tells an outside monitor that a backup was made, or failed, as healthchecks.io has it: a POST to the URL, or to
 * `<url>/fail`. The monitor raises the alarm when it hears nothing, so one that is lost is no harm: it never throws.
 * @returns why it was not taken, for a log; undefined where it was
 */
export async function sendHeartbeat(
  { status, text = '' }: Beat,
  options: HeartbeatOptions,
): Promise<BackupError | undefined> {
  const { clock = SYSTEM_CLOCK, random = Math.random } = options;
  const { attemptTimeoutMs = ATTEMPT_TIMEOUT_MS, totalTimeoutMs = TOTAL_TIMEOUT_MS } = options;
  const url = URL.parse(options.url);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    return new BackupError('invalid-settings', 'BACKUP_HEARTBEAT_URL is no http:// or https:// URL.', {
      hint: 'Set it to the ping URL of a check, as the monitor shows it.',
    });
  }
  if (status === 'failure') url.pathname = `${url.pathname.replace(/\/$/, '')}/fail`;
  const deadlineMs = clock.elapsedMs() + totalTimeoutMs;
  const givenUp = await untilTaken({ clock, attemptTimeoutMs, deadlineMs, random }, (timeoutMs) =>
    ping(url, text.slice(0, MAX_TEXT), timeoutMs, { ...options, clock }),
  );
  if (!givenUp) return undefined;
  const { reason, hint, retryable } = givenUp.refusal;
  const tries = givenUp.attempts === 1 ? 'once' : `${givenUp.attempts} times`;
  const message = `The monitor at ${url.origin} did not take the heartbeat (tried ${tries}): ${reason}.`;
  return new BackupError('not-delivered', message, { hint, retryable });
}

async function ping(
  url: URL,
  body: string,
  timeoutMs: number,
  { allowPrivateAddresses, userAgent, clock }: HeartbeatOptions & { clock: Clock },
): Promise<Refusal | undefined> {
  try {
    if (!allowPrivateAddresses) assertNoPrivateLiteral(url);
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'user-agent': userAgent };
    const guard = allowPrivateAddresses ? undefined : publicLookup(lookup);
    const answer = await post({ url, headers, body, timeoutMs, lookup: guard, ca: undefined });
    return judgeAnswer(answer, secretsOf(url), clock.now());
  } catch (error) {
    return judgeError(error);
  }
}

/** What an answer must not hold to be shown. */
function secretsOf({ username, password, pathname, search }: URL): string[] {
  const words = [username, password, pathname, search].join(' ').split(/[^\w.-]+/);
  return words.filter((word) => word !== '');
}
