import { z } from 'zod';
import { BackupError } from '../core/model/errors.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { readObjectIfPresent } from '../core/store/small-object.ts';
import { Digest } from './pipeline/observe.ts';

/** As `readServerState` writes it; null is what the user of the backup was not allowed to read. */
const storedStateSchema = z.object({
  schemaVersion: z.literal(1),
  aclUsers: z.array(z.string()).nullable(),
  config: z.record(z.string(), z.string()).nullable(),
  graphConfig: z.array(z.tuple([z.string(), z.union([z.string(), z.number()]).transform(String)])).nullable(),
  modules: z.unknown(),
  omittedSecrets: z.array(z.string()),
});

export type StoredState = z.infer<typeof storedStateSchema>;

/** Users and settings of the time of a backup. @throws integrity (missing, damaged, of a newer version), store-* */
export async function readState(store: ObjectStore, reference: Manifest['state']): Promise<StoredState> {
  const bytes = await readStateFile(store, reference);
  try {
    return storedStateSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw new BackupError('integrity', `${reference.key} is whole, but not in a form that this version knows.`, {
      hint: 'A newer falkordb-backup may have written it: upgrade this one.',
      cause,
    });
  }
}

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
