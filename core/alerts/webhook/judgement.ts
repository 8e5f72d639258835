import { BackupError, systemErrorCode } from '../../model/errors.ts';
import { type Answer, TimedOut } from './post.ts';
import { retryAfterMs } from './retry-after.ts';

/** Why an attempt failed. */
export interface Refusal {
  /** Ends a sentence that says who was asked. */
  reason: string;
  hint: string;
  retryable: boolean;
  /** What the receiver asked for. */
  waitMs?: number | undefined;
}

const TIMED_OUT = 408;
const TOO_MANY = 429;

/** As OpenSSL and Node name them. They do not pass within a minute. */
const CERTIFICATE_ERROR =
  /CERT|SELF_SIGNED|^UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|HOSTNAME_MISMATCH|^INVALID_(CA|PURPOSE)$/;

/** @returns undefined where the notice was taken */
export function judgeAnswer(
  { status, retryAfter, excerpt }: Answer,
  secrets: string[],
  now: Date,
): Refusal | undefined {
  if (status >= 200 && status < 300) return undefined;
  return {
    reason: `it answered ${status}${status >= 300 && status < 400 ? ', a redirect' : ''}${quoted(excerpt, secrets)}`,
    hint: hintFor(status),
    retryable: status === TIMED_OUT || status === TOO_MANY || status >= 500,
    waitMs: retryAfterMs(retryAfter, now),
  };
}

export function judgeError(error: unknown): Refusal {
  if (error instanceof BackupError)
    return { reason: error.message, hint: error.hint ?? '', retryable: error.retryable };
  if (error instanceof TimedOut)
    return { reason: error.message, hint: 'See that the receiver runs and is not overloaded.', retryable: true };
  // Only its code: what else an error of Node holds (bytes of the answer, a certificate) may hold the URL, too.
  const code = systemErrorCode(error) ?? 'no code';
  if (CERTIFICATE_ERROR.test(code)) {
    return {
      reason: `its certificate is not trusted (${code})`,
      hint: 'Use a certificate of a public authority, or name the authority to Node.js in NODE_EXTRA_CA_CERTS.',
      retryable: false,
    };
  }
  return {
    reason: `the connection failed (${code})`,
    hint: "See that the webhook's host name and port are right and can be reached from here.",
    retryable: true,
  };
}

/** A short word such as Slack's `invalid_payload`. Anything longer may be a page that shows the request's address. */
function quoted(excerpt: string, secrets: string[]): string {
  const words = excerpt.trim();
  const mayTell = /^\w[\w .-]{0,79}$/.test(words) && !secrets.some((secret) => holds(words, secret));
  return mayTell ? ` (${words})` : '';
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function hintFor(status: number): string {
  if (status < 200)
    return 'What answers there is no webhook, as it wants to speak another protocol: see that its URL is right.';
  if (status < 400) return 'Redirects are not followed: set the address where the webhook is now, if you trust it.';
  if (status === 401 || status === 403) return 'The receiver denies access: see that URL and secret are still valid.';
  if (status === 404 || status === 410) return 'The webhook does not exist any more: make a new one and set its URL.';
  if (status === TOO_MANY) return 'The receiver takes no more for now; send less, or ask for a higher limit.';
  if (status === TIMED_OUT || status >= 500) return 'The receiver has failed; its own log may tell why.';
  return 'The receiver does not understand the notice: see that its shape (generic, slack) is the one it expects.';
}
