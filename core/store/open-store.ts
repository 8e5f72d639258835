import { fileURLToPath } from 'node:url';
import { BackupError } from '../model/errors.ts';
import { isObjectKey } from '../model/object-key.ts';
import { FileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3Location } from './s3/bucket.ts';
import type { S3Options } from './s3/s3-options.ts';
import type { StreamUpload } from './s3/stream-upload.ts';
import { S3Store } from './s3-store.ts';

const EXAMPLE = 'Give a folder by its absolute path, such as file:///var/backups/falkordb, or s3://bucket/prefix.';
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
/** AWS's rules for new buckets, and the letters that older ones and other services allow. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

export interface OpenStoreOptions {
  s3?: S3Options;
  /** Needed by those who put streams into a bucket. */
  streamUpload?: StreamUpload;
}

/**
 * The store a setting names. Touches nothing: a folder is created by the first write.
 * @throws invalid-settings, without repeating the URL, which may hold a password meant for another setting
 */
export function openStore(url: string, { s3 = {}, streamUpload }: OpenStoreOptions = {}): ObjectStore {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw refusal('it has no scheme');
  if (scheme === 's3') return new S3Store(locationOf(url), s3, streamUpload);
  if (scheme !== 'file') throw refusal(`"${scheme}:" is not a kind of store`);
  // "file:backups" and "file://backups" would be read as a root folder and as a host.
  if (!url.slice('file:'.length).startsWith('///')) throw refusal('the path is not absolute');
  return new FileStore(folderOf(url));
}

function locationOf(url: string): S3Location {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)\/?(.*)$/i.exec(url) ?? [];
  const prefix = path.replace(/\/+$/, '');
  if (!BUCKET.test(bucket)) throw refusal('it does not name a bucket');
  if (prefix !== '' && !isObjectKey(prefix)) {
    throw refusal('a prefix is segments of letters, digits and ._=- joined by "/", none of which starts with a dot');
  }
  return { bucket, prefix };
}

function folderOf(url: string): string {
  let path: string;
  try {
    const parsed = new URL(url);
    if (parsed.search !== '' || parsed.hash !== '') throw refusal('"?" and "#" in a path are written %3F and %23');
    path = fileURLToPath(parsed);
  } catch (error) {
    throw error instanceof BackupError ? error : refusal('it is not well-formed', error);
  }
  if (path.includes('\0')) throw refusal('the path contains a zero byte');
  if (/^\/*$/.test(path)) throw refusal('it is the root of the file system');
  return path;
}

function refusal(reason: string, cause?: unknown): BackupError {
  return new BackupError('invalid-settings', `Not the URL of a store: ${reason}.`, { hint: EXAMPLE, cause });
}
