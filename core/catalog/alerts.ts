import { type Alert, type AlertSubject, alertSchema } from '../model/alert.ts';
import { BackupError, hasCode } from '../model/errors.ts';
import { alertKey } from '../model/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { encodeJson, readObjectIfPresent } from '../store/small-object.ts';

/** What the store holds of what was said. */
export type Recalled =
  | { kind: 'absent' }
  | { kind: 'known'; alert: Alert; etag: string }
  /** It was read, and says nothing. Whoever watches must not fall silent over it. */
  | { kind: 'unreadable'; error: BackupError; etag: string };

/** @throws store-* where it could not be read: nobody knows then what was said, and the next look may */
export async function recallAlert(store: ObjectStore, target: string, subject: AlertSubject): Promise<Recalled> {
  const key = alertKey(target, subject);
  const object = await readOrTag(store, key);
  if (!object) return { kind: 'absent' };
  const { etag } = object;
  try {
    const alert = alertSchema.parse(JSON.parse(new TextDecoder().decode(object.bytes)));
    if (alert.target === target && alert.subject === subject) return { kind: 'known', alert, etag };
    throw new Error(`It is that of ${alert.target}, ${alert.subject}.`);
  } catch (cause) {
    const error = new BackupError('integrity', `${key} in ${store.url} says nothing of what was told.`, {
      hint: 'The watchdog writes it anew; something may be told a second time.',
      cause,
    });
    return { kind: 'unreadable', error, etag };
  }
}

/** Without bytes where there are too many to be one of ours. */
async function readOrTag(store: ObjectStore, key: string): Promise<{ etag: string; bytes?: Uint8Array } | undefined> {
  try {
    const object = await readObjectIfPresent(store, key);
    return object && { etag: object.info.etag, bytes: object.bytes };
  } catch (error) {
    if (!hasCode(error, 'integrity')) throw error;
    return { etag: (await store.head(key)).etag };
  }
}

/**
 * Leaves alone what another watchdog has written since: it said the same.
 * @returns what the store holds now, as far as we know
 * @throws store-*; store-precondition-failed only where what was there could not be understood
 */
export async function rememberAlert(store: ObjectStore, alert: Alert, recalled: Recalled): Promise<Recalled> {
  const precondition = recalled.kind === 'absent' ? { ifAbsent: true } : { ifMatch: recalled.etag };
  try {
    const bytes = encodeJson(alertSchema.parse(alert));
    const { etag } = await store.put(alertKey(alert.target, alert.subject), bytes, precondition);
    return { kind: 'known', alert, etag };
  } catch (error) {
    if (recalled.kind === 'unreadable' || !hasCode(error, 'store-precondition-failed')) throw error;
    return recalled;
  }
}
