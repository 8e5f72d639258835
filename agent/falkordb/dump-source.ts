import type { Manifest } from '../../core/model/manifest.ts';

/** A consistent dump of a server, ready to be read once. */
export interface DumpSource {
  kind: Manifest['source'];
  /** For messages: where the bytes come from. */
  name: string;
  /** A chunk is only there until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
  /** Undefined where only its end will tell. */
  sizeBytes: number | undefined;
  /** It will not be larger than this. */
  maxBytes: number;
  /** The server's book-keeping of the save that made it; null where it made none. */
  save: { lastSave: number; startedCount: number } | null;
  /** What `writeMarker` gave at the moment the dump was taken. */
  markerAtFork: string;
  close(): Promise<void>;
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
