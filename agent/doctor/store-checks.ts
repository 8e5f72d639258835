import { BackupError, hasCode } from '../../core/model/errors.ts';
import { probeKey } from '../../core/model/keys.ts';
import type { ObjectStore, PutOptions } from '../../core/store/object-store.ts';
import { encodeJson, readObject } from '../../core/store/small-object.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const MAX_CLOCK_SKEW_MS = 5_000;

/** Writes the target's probe object, reads it back, and sees that preconditions are kept. Deletes nothing. */
export async function checkStore(store: ObjectStore, target: string, now: () => Date): Promise<Finding[]> {
  const key = probeKey(target);
  try {
    const written = encodeJson({ probe: crypto.randomUUID(), at: now().toISOString() });
    const { etag } = await store.put(key, written);
    const read = await readObject(store, key);
    if (!Buffer.from(read.bytes).equals(written))
      throw inconsistent(store, 'an object read back is not what was written');
    await store.put(key, written, { ifMatch: etag });
    const isCreateOnlyKept = await isRefused(store, key, { ifAbsent: true });
    const isSwapKept = await isRefused(store, key, { ifMatch: '"0123456789abcdef"' });
    if (!isCreateOnlyKept || !isSwapKept) throw inconsistent(store, 'it ignores preconditions');
    return [
      ok('store', `${store.url} can be written and read, and keeps to preconditions`),
      clockFinding((await store.head(key)).modifiedAt, now()),
    ];
  } catch (error) {
    return [problem('store', error)];
  }
}

async function isRefused(store: ObjectStore, key: string, precondition: PutOptions): Promise<boolean> {
  try {
    await store.put(key, encodeJson({}), precondition);
    return false;
  } catch (error) {
    if (hasCode(error, 'store-precondition-failed')) return true;
    throw error;
  }
}

function clockFinding(storeTime: Date, now: Date): Finding {
  const skewMs = Math.abs(storeTime.getTime() - now.getTime());
  if (skewMs <= MAX_CLOCK_SKEW_MS) return ok('store clock', 'the clocks of this host and of the store agree');
  return warning(
    'store clock',
    `the clock of this host and that of the store are ${Math.round(skewMs / 1000)} s apart`,
    'Run NTP on this host: leases and ages are told by its clock.',
  );
}

function inconsistent(store: ObjectStore, what: string): BackupError {
  return new BackupError('store-unavailable', `${store.url} cannot be trusted with backups: ${what}.`, {
    hint: 'Use a store that keeps If-None-Match and If-Match, such as a local folder.',
  });
}
