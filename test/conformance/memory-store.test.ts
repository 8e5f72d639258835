import { MemoryStore } from '../support/memory-store.ts';
import { objectStoreConformance } from './object-store.ts';

objectStoreConformance('the memory of the tests', async () => {
  const store = new MemoryStore();
  return { store, openAnother: () => store.another(), cleanUp: async () => {} };
});
