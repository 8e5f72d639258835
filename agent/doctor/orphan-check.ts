import { findOrphans } from '../../core/catalog/orphans.ts';
import { hasCode } from '../../core/model/errors.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { formatBytes } from '../cli/format.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'left-overs';
const SHOWN = 5;

/** Bytes that runs left behind which did not get as far as a backup: they cost room, and do no other harm. */
export async function checkOrphans(store: ObjectStore, target: string, now: Date): Promise<Finding> {
  try {
    const { objects, uploads } = await findOrphans(store, target, now);
    if (objects.length + uploads.length === 0) return ok(CHECK, 'no run has left anything behind');
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
    const names = [...objects.map(({ key }) => key), ...uploads.map(({ id, key }) => `upload of ${key ?? id}`)];
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return warning(
      CHECK,
      `${objects.length} objects (${formatBytes(bytes)}) and ${uploads.length} unfinished uploads belong to no backup: ${names.slice(0, SHOWN).join(', ')}${more}`,
      'They do no harm but take room: "falkordb-backup prune --apply" removes them.',
    );
  } catch (error) {
    // The least rights of an agent do not let it list uploads.
    if (hasCode(error, 'store-denied')) return ok(CHECK, 'not looked for: listing uploads is not allowed here');
    return problem(CHECK, error);
  }
}
