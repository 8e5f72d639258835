import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';

/** Functions read and write small objects only, and must say what is wrong before their own time is over. */
const STORE_TIMEOUT_SECONDS = 20;

/** @throws invalid-settings */
export function openFunctionStore(url: string): ObjectStore {
  return openStore(url, { s3: { timeoutSeconds: STORE_TIMEOUT_SECONDS } });
}
