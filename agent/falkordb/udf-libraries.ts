import { z } from 'zod';
import type { Database } from './database.ts';
import { type Findings, ifAllowed, isDenied, isUnknownCommand, NOTHING, note } from './restore-checks/findings.ts';

/*
 * FalkorDB 4.16.3 keeps its UDF libraries when it gets other data as a replica, and takes only those of the new data
 * whose names it does not have: where it is to hold the new ones, it must have none. GRAPH.UDF is no write for Redis, so
 * a replica takes it from any client.
 */

export const udfLibrarySchema = z.object({ name: z.string(), code: z.string() });

export type UdfLibrary = z.infer<typeof udfLibrarySchema>;

export async function checkUdfRights(db: Database): Promise<Findings> {
  try {
    await db.call('GRAPH.UDF', 'LIST');
    return NOTHING;
  } catch (error) {
    if (isUnknownCommand(error)) return NOTHING;
    if (!isDenied(error)) throw error;
    const user = db.address.username ?? 'default';
    return note(
      `UDF libraries that FalkorDB has now stay, also where the backup has others of the same name, because its user ${user} may not replace them (ACL SETUSER ${user} +graph.udf).`,
    );
  }
}

/** Undefined where this user may not ask, or the server knows no UDF. @throws database-* */
export async function readUdfLibraries(db: Database): Promise<UdfLibrary[] | undefined> {
  const reply = await ifAllowed(db.call('GRAPH.UDF', 'LIST', 'WITHCODE'));
  if (reply === undefined) return undefined;
  return z
    .array(z.array(z.unknown()))
    .parse(reply)
    .map((fields) => {
      const field = (name: string) => fields[fields.indexOf(name) + 1];
      return udfLibrarySchema.parse({ name: field('library_name'), code: field('library_code') });
    });
}

export async function dropUdfLibraries(db: Database): Promise<void> {
  await db.call('GRAPH.UDF', 'FLUSH');
}

/** Those that are missing. May be called again. */
export async function bringBackUdfLibraries(db: Database, libraries: UdfLibrary[]): Promise<void> {
  if (libraries.length === 0) return;
  const present = new Set((await readUdfLibraries(db))?.map(({ name }) => name));
  for (const { name, code } of libraries) {
    if (!present.has(name)) await db.call('GRAPH.UDF', 'LOAD', name, code);
  }
}
