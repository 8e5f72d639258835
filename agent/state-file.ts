import { BackupError } from '../core/model/errors.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { readObjectIfPresent } from '../core/store/small-object.ts';
import { Digest } from './pipeline/observe.ts';

/** The bytes of state.json, the same that were stored with the backup. @throws integrity (missing, damaged), store-* */
export async function readStateFile(store: ObjectStore, { key, sha256 }: Manifest['state']): Promise<Uint8Array> {
  const object = await readObjectIfPresent(store, key);
  const digest = new Digest();
  if (object) digest.update(object.bytes);
  if (object && digest.end().sha256 === sha256) return object.bytes;
  const what = object
    ? 'is damaged: its SHA-256 is not the one in the manifest'
    : 'is missing, though its manifest exists';
  throw new BackupError('integrity', `${key} ${what}.`, {
    hint: 'The dump may be whole; only users and configuration of that time are in doubt.',
  });
}
