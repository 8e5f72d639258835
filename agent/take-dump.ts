import type { ObjectStore } from '../core/store/object-store.ts';
import type { Config } from './config.ts';
import type { Database } from './falkordb/database.ts';
import type { DumpSource, WrittenDump } from './falkordb/dump-source.ts';
import { type UsedDump, useDump } from './falkordb/open-dump.ts';
import { type StoredDump, storeDump } from './pipeline/store-dump.ts';
import type { OnProgress } from './progress.ts';

export interface TakeDumpDeps {
  config: Config;
  store: ObjectStore;
  log: (message: string) => void;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Takes a dump of the target into the store. While the server writes it to a file, its keys tell how far it is, then the
 * bytes that are stored.
 * @throws database-*, dump-not-ours, store-*, integrity, deadline
 */
export function takeDump(db: Database, key: string, deps: TakeDumpDeps): Promise<UsedDump<StoredDump>> {
  const { config, log, onProgress, signal } = deps;
  const options = {
    source: config.source,
    dataFolder: config.dataFolder,
    timeouts: { busySeconds: config.busyTimeoutSeconds, saveSeconds: config.saveTimeoutSeconds },
    onSaveProgress: (done: number, total: number) => onProgress({ phase: 'save', unit: 'keys', done, total }),
    log,
    signal,
  };
  return useDump(db, options, (dump) => transfer(dump, key, deps));
}

async function transfer(dump: DumpSource, key: string, { config, store, onProgress, signal }: TakeDumpDeps) {
  let written: WrittenDump | undefined;
  const knowing = dump.written.then((facts) => {
    written = facts;
    return facts.sizeBytes;
  });
  // Whoever reads the bytes meets it.
  knowing.catch(() => {});
  return await storeDump({
    store,
    key,
    compression: config.compression,
    dump: dump.bytes,
    dumpName: dump.name,
    maxBytes: dump.maxBytes,
    sizeBytes: knowing,
    onProgress: (done) => {
      if (written) onProgress({ phase: 'transfer', unit: 'bytes', done, total: written.sizeBytes ?? null });
    },
    signal,
  });
}
