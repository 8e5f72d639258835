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

export interface StoredObject {
  info: TaggedObjectInfo;
  /** Must be read to its end or destroyed by `return()`, else a descriptor or a connection stays open. */
  body: AsyncIterable<Uint8Array>;
}

export interface PutOptions {
  /** Refuse with `store-precondition-failed` if the key exists. */
  ifAbsent?: boolean;
  /** Refuse with `store-precondition-failed` unless the key exists with this etag. */
  ifMatch?: string;
  /** An upper bound of the body's size, where it is a stream: a store may need it to choose the size of its parts. */
  maxBytes?: number;
  /** Aborting leaves nothing under the key. */
  signal?: AbortSignal;
}

/** Offsets count from 0; `end` is exclusive, and past the object's size it means up to the last byte. */
export interface ByteRange {
  start: number;
  end?: number;
}

/**
 * The port to everything that keeps backups. An object appears whole or not at all, and survives a power cut once `put`
 * has returned. Every method throws `BackupError` with one of the codes `store-*`; only `store-unavailable` is retryable.
 */
export interface ObjectStore {
  /** Where it is, without credentials: for people and logs. */
  readonly url: string;
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<TaggedObjectInfo>;
  /** @throws store-not-found */
  get(key: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<StoredObject>;
  /** @throws store-not-found */
  head(key: string): Promise<TaggedObjectInfo>;
  /** Every object whose key starts with `prefix`, in ascending order of the key's bytes, after `startAfter` if given. */
  list(prefix: string, options?: { startAfter?: string }): AsyncIterable<ObjectInfo>;
  /** Deleting what is not there succeeds. */
  delete(key: string): Promise<void>;
}
