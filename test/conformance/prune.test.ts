import { FileStore } from '../../core/store/file-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pruneConformance } from './prune.ts';

const YEAR = { days: 365, left: { snapshot: 17, daily: 30, weekly: 12, monthly: 12 } };

pruneConformance(
  'a store in memory',
  async () => {
    const store = new MemoryStore();
    return { store, openAnother: () => store, cleanUp: async () => {} };
  },
  YEAR,
);

pruneConformance(
  'a folder',
  async () => {
    const folder = await temporaryFolder();
    const open = () => new FileStore(folder.path);
    return { store: open(), openAnother: open, cleanUp: async () => folder[Symbol.asyncDispose]() };
  },
  YEAR,
);
