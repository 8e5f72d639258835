import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../core/store/file-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { leaseConformance } from './lease.ts';

leaseConformance(
  'a folder',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lease-'));
    return {
      store: new FileStore(folder),
      openAnother: () => new FileStore(folder),
      cleanUp: () => rm(folder, { recursive: true }),
    };
  },
  6,
);

leaseConformance(
  'the memory of the tests',
  async () => {
    const store = new MemoryStore();
    return { store, openAnother: () => store.another(), cleanUp: async () => {} };
  },
  100,
);
