/** What is known of a stored object without reading it. */
export interface ObjectInfo {
  key: string;
  bytes: number;
  modifiedAt: Date;
}

/** An `etag` changes whenever the content does; it is opaque, and the only thing `ifMatch` understands. */
export interface TaggedObjectInfo extends ObjectInfo {
  etag: string;
}

/** What is known of an object that was just written. */
export type WrittenObject = Omit<TaggedObjectInfo, 'modifiedAt'>;

export interface StoredObject {
  info: TaggedObjectInfo;
  /** Must be read to its end or destroyed by `return()`, else a descriptor or a connection stays open. */
  body: AsyncIterable<Uint8Array>;
}

export interface PutOptions {
  /** Refuse with `store-precondition-failed` if the key exists; with `ifMatch` too, always. */
  ifAbsent?: boolean;
  /** Refuse with `store-precondition-failed` unless the key exists with this etag. */
  ifMatch?: string;
  /** An upper bound of the body's size, where it is a stream: a store may need it to choose the size of its parts. */
  maxBytes?: number;
  /** Aborting leaves nothing under the key. */
  signal?: AbortSignal;
}

/** Offsets count from 0; `end` is exclusive. What lies past the object's end is left out, which may be all of it. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface UnfinishedUpload {
  /** Opaque; with the key it names the upload to `abortUpload`. */
  id: string;
  /** Null where the store does not know. */
  key: string | null;
  startedAt: Date;
}

/**
 * The port to everything that keeps backups. An object appears whole or not at all, and survives a power cut once `put`
 * has returned; where `put` has failed with `store-unavailable`, the object may be there all the same (an answer was
 * lost). Every method throws `BackupError` with one of the codes `store-*`; only `store-unavailable` is retryable. An
 * aborted call throws the signal's reason if that is a `BackupError`, else `interrupted`; an error of a body passes
 * through `put` as it is.
 */
export interface ObjectStore {
  /** Where it is, without credentials: for people and logs. */
  readonly url: string;
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<WrittenObject>;
  /** @throws store-not-found */
  get(key: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<StoredObject>;
  /** @throws store-not-found */
  head(key: string): Promise<TaggedObjectInfo>;
  /** Every object whose key starts with `prefix`, in ascending order of the key's bytes, after `startAfter` if given. */
  list(prefix: string, options?: { startAfter?: string }): AsyncIterable<ObjectInfo>;
  /** Deleting what is not there succeeds. */
  delete(key: string): Promise<void>;
  /**
   * Uploads of keys that start with `prefix`, or whose key is not known, which have neither ended nor been aborted. Some
   * may be under way.
   */
  listUploads(prefix: string): AsyncIterable<UnfinishedUpload>;
  /** Drops what an upload has stored so far. One that has ended meanwhile is left alone. */
  abortUpload(upload: UnfinishedUpload): Promise<void>;
}
