import { BackupError } from '../../core/model/errors.ts';
import type { ServedTarget } from '../service/port.ts';
import { measure } from '../status.ts';
import type { TargetAnswer } from './api.ts';
import { Cached, within } from './cached.ts';

/** It lists the whole store. */
const FRESH_MS = 300_000;
const MAX_WAIT_MS = 5000;

export type StoreSize = NonNullable<TargetAnswer['size']>;
/** By URL: targets of one store have it measured once. */
export type StoreSizes = Map<string, Cached<StoreSize>>;

/** How large a store is. A large one takes long to measure: nothing else waits for that. */
export class SizeLook {
  readonly #read: () => Promise<StoreSize>;
  #known: StoreSize | null = null;

  constructor({ store, name }: Pick<ServedTarget, 'store' | 'name'>, measured: StoreSizes) {
    const own = new Cached(() => measure(store, name), { freshMs: FRESH_MS });
    const first = measured.get(store.url);
    if (!first) measured.set(store.url, own);
    this.#read = first ? () => wholeOr(first, own) : () => own.get();
  }

  /** As it was last measured; null where it never could be, or that is still under way. */
  async get(): Promise<StoreSize | null> {
    const read = this.#read();
    void read.then(
      (size) => {
        this.#known = size;
      },
      // Told below to those who wait.
      () => {},
    );
    try {
      return await within(read, MAX_WAIT_MS, late);
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      return this.#known;
    }
  }
}

/** Of a target with fewer rights only its own part was measured, or nothing. */
async function wholeOr(first: Cached<StoreSize>, own: Cached<StoreSize>): Promise<StoreSize> {
  const size = await first.get().catch(() => null);
  return size?.scope === 'store' ? size : own.get();
}

function late(): BackupError {
  return new BackupError('deadline', `The store was not measured within ${MAX_WAIT_MS / 1000} s.`);
}
