import { describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import type { ObjectStore } from '../../../../core/store/object-store.ts';
import { readObjectIfPresent } from '../../../../core/store/small-object.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const KEY = 'locks/shop.json';

/** S3 for those who may not list everything: it denies what is not there. */
class DenyingStore extends MemoryStore {
  denials: number;
  onDenied: () => Promise<void>;

  constructor(denials: number, onDenied = async () => {}) {
    super();
    this.denials = denials;
    this.onDenied = onDenied;
  }

  override async get(...args: Parameters<ObjectStore['get']>): ReturnType<ObjectStore['get']> {
    if (this.denials === 0) return super.get(...args);
    this.denials--;
    await this.onDenied();
    throw new BackupError('store-denied', 'denied');
  }
}

describe('an object that may not be there, where the store denies what it has not', () => {
  it('is absent where it is not listed', async () => {
    expect(await readObjectIfPresent(new DenyingStore(1), KEY)).toBeUndefined();
  });

  it('is read again where somebody wrote it in the meantime', async () => {
    const store: DenyingStore = new DenyingStore(1, async () => {
      await store.put(KEY, new TextEncoder().encode('{}'));
    });
    const object = await readObjectIfPresent(store, KEY);
    expect(new TextDecoder().decode(object?.bytes)).toBe('{}');
  });

  it('is denied where it is there and stays denied', async () => {
    const store = new DenyingStore(2);
    await store.put(KEY, new TextEncoder().encode('{}'));
    await expect(readObjectIfPresent(store, KEY)).rejects.toMatchObject({ code: 'store-denied' });
  });
});
