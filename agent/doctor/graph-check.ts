import type { Database } from '../falkordb/database.ts';
import { takeInventory } from '../falkordb/inventory.ts';
import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'graphs';

/** GRAPH.LIST names the graphs of every database, but only those of database 0 can be looked into from here. */
export async function checkGraphs(db: Database): Promise<Finding> {
  const counted = await takeInventory(db, { onProgress: () => {}, signal: new AbortController().signal });
  const listed = await db.call('GRAPH.LIST');
  const missing = (Array.isArray(listed) ? listed.length : 0) - counted.length;
  if (missing <= 0) return ok(CHECK, `${counted.length} graphs can be counted`);
  return warning(
    CHECK,
    `${missing} graphs are in another database than 0: backups hold them, but their counts are in no manifest, and a restore does not compare them`,
    'Keep graphs in database 0.',
  );
}
