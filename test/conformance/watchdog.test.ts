import { FileStore } from '../../core/store/file-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { watchdogConformance } from './watchdog.ts';

watchdogConformance(
  'a store in memory',
  async () => {
    const store = new MemoryStore();
    return { store, openAnother: () => store, cleanUp: async () => {} };
  },
  { from: '2026-11-01T00:00:00', stepMinutes: 30 },
);

watchdogConformance(
  'a folder',
  async () => {
    const folder = await temporaryFolder();
    const open = () => new FileStore(folder.path);
    return { store: open(), openAnother: open, cleanUp: async () => folder[Symbol.asyncDispose]() };
  },
  { from: '2026-11-26T00:00:00', stepMinutes: 120 },
);
