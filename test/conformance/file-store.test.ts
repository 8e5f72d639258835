import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../core/store/file-store.ts';
import { objectStoreConformance } from './object-store.ts';

objectStoreConformance('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'file-store-'));
  const root = join(folder, 'not there', 'yet ü%');
  return {
    store: new FileStore(root),
    openAnother: () => new FileStore(root),
    cleanUp: () => rm(folder, { recursive: true }),
  };
});
