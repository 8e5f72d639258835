import { type BackupIdParts, formatBackupId } from '../model/backup-id.ts';
import { BackupError } from '../model/errors.ts';
import { type MarkName, markKey, marksPrefix, parseMarkKey } from '../model/keys.ts';
import { type Mark, type MarkKind, markSchema } from '../model/mark.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { encodeJson, putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';
import { findManifest } from './catalog.ts';

const SECOND_MS = 1000;
const MAX_ATTEMPTS = 10;

export interface MarkRequest {
  mark: MarkKind;
  by: string;
  note: string | null;
  now: Date;
}

/**
 * Says something of a backup that exists; it counts as said after all that was said before.
 * @throws backup-not-found, store-*
 */
export async function addMark(store: ObjectStore, parts: BackupIdParts, request: MarkRequest): Promise<Mark> {
  const backupId = formatBackupId(parts);
  await assertExists(store, parts);
  const newest = (await listMarks(store, parts)).at(-1);
  let at = new Date(Math.max(request.now.getTime(), newest ? newest.at.getTime() + SECOND_MS : 0));
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { mark, by, note } = request;
    const record: Mark = { schemaVersion: 1, backupId, mark, at: at.toISOString(), by, note };
    if (await putIfAbsent(store, markKey(parts, at, mark), encodeJson(markSchema.parse(record)))) {
      // A prune that looked for marks before this one was there has removed it by now, or is about to.
      await assertExists(store, parts);
      return record;
    }
    at = new Date(at.getTime() + SECOND_MS);
  }
  throw new Error(`${backupId} was marked ${MAX_ATTEMPTS} times within seconds.`);
}

async function assertExists(store: ObjectStore, parts: BackupIdParts): Promise<void> {
  if (await findManifest(store, parts)) return;
  throw new BackupError('backup-not-found', `There is no backup ${formatBackupId(parts)} in ${store.url}.`, {
    hint: '"falkordb-backup list" shows those that exist.',
  });
}

/** In order of time. */
export async function listMarks(store: ObjectStore, parts: BackupIdParts): Promise<MarkName[]> {
  const found: MarkName[] = [];
  for await (const { key } of store.list(marksPrefix(parts))) {
    const name = parseMarkKey(key);
    if (name) found.push(name);
  }
  return found.sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** All that was said of a backup, in order of time; what cannot be read is left out. */
export async function readMarks(store: ObjectStore, parts: BackupIdParts): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const { at, mark } of await listMarks(store, parts)) {
    const object = await readObjectIfPresent(store, markKey(parts, at, mark));
    const parsed = object && markSchema.safeParse(parse(object.bytes));
    if (parsed?.success) marks.push(parsed.data);
  }
  return marks;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
