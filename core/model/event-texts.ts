import type { BackupError } from './errors.ts';
import type { EventDetail } from './events.ts';

/** An event bus refuses an event as a whole that is too large, and nobody reads thousands of differences in a notice. */
const MAX_LENGTH = 2000;

export function clip(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`;
}

/** What an event says of an error. */
export function describeError(error: BackupError): Pick<EventDetail, 'failure' | 'hint'> {
  const { code, message, retryable } = error;
  const hint = error.hint === undefined ? null : clip(error.hint);
  return { failure: { code, message: clip(message), hint, retryable }, hint };
}
