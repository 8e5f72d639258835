import type { Manifest } from '../../core/model/manifest.ts';

/** A dump takes about the memory of its data, or less; twice that leaves room for what is written meanwhile. */
export const MAX_BYTES_PER_MEMORY = 2;

/** A consistent dump of a server, to be read once. */
export interface DumpSource {
  kind: Manifest['source'];
  /** For messages: where the bytes come from. */
  name: string;
  /** A chunk is only there until the next one is asked for. @throws DumpReplaced */
  bytes: AsyncIterable<Uint8Array>;
  /** It will not be larger than this. */
  maxBytes: number;
  /** Settles when the server has done its part, which may be while the bytes are read already; fails as they do. */
  written: Promise<WrittenDump>;
  /** The same once more, where the bytes may be read while they are written; to be called when they are written. */
  again?: () => DumpSource;
  /** More than once does no harm. */
  close(): Promise<void>;
}

export interface WrittenDump {
  /** Undefined where only its end will tell. */
  sizeBytes: number | undefined;
  /** The server's book-keeping of the save that made it; null where it made none. */
  save: { lastSave: number; startedCount: number } | null;
  /** What `writeMarker` gave at the moment the dump was taken. */
  markerAtFork: string;
  /** By `performance.now()`: since when only its transfer was left to do. */
  at: number;
}

/** The file that was read while the server wrote it is not what its save ended with. */
export class DumpReplaced extends Error {
  /** What it ended with. Who closes the replaced one closes it. */
  readonly dump: DumpSource;

  constructor(dump: DumpSource) {
    super('The dump was replaced while it was read.');
    this.dump = dump;
  }
}

export interface DumpTimeouts {
  /** For a save or an AOF rewrite that runs already. */
  busySeconds: number;
  /** For our own save. */
  saveSeconds: number;
}

export interface DumpOptions {
  timeouts: DumpTimeouts;
  /** Keys saved so far. */
  onSaveProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}
