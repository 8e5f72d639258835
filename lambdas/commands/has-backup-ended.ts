import { readEntry } from '../../core/catalog/catalog.ts';
import { hasVerdict } from '../../core/catalog/runs.ts';
import type { RequestOf } from '../../core/model/request.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';

/**
 * Whether a backup needs no further command: it has a verdict, or it exists. A verdict that it failed counts, though it may
 * say that trying again may help: attempts of one schedule come within minutes, and its next time is the next attempt.
 */
export async function hasBackupEnded(store: ObjectStore, request: RequestOf<'backup'>): Promise<boolean> {
  const { target, runId } = request;
  return (await hasVerdict(store, target, runId)) || isStored(store, request);
}

/** Neither a tombstone nor a manifest that cannot be read is a backup. */
export async function isStored(
  store: ObjectStore,
  { target, tier, scheduledFor }: RequestOf<'backup'>,
): Promise<boolean> {
  const entry = await readEntry(store, { target, tier, scheduledFor: new Date(scheduledFor) });
  return entry !== undefined && 'manifest' in entry.content;
}
