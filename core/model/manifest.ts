import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { BackupError } from './errors.ts';
import { runIdSchema } from './run-id.ts';
import { targetSchema } from './target.ts';
import { tierSchema } from './tiers.ts';
import { utcTimeSchema } from './timestamp.ts';

export const MANIFEST_SCHEMA_VERSION = 1;

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const seconds = z.number().nonnegative();

const indexSchema = z.object({
  entity: z.enum(['node', 'relationship']),
  label: z.string(),
  /** Property name -> the kinds of index on it: RANGE, FULLTEXT, VECTOR. */
  properties: z.record(z.string(), z.array(z.string())),
  status: z.string(),
});

const constraintSchema = z.object({
  type: z.string(),
  entity: z.enum(['node', 'relationship']),
  label: z.string(),
  properties: z.array(z.string()),
  status: z.string(),
});

export const graphSummarySchema = z.object({
  name: z.string(),
  nodes: count,
  edges: count,
  labels: z.array(z.string()),
  relationshipTypes: z.array(z.string()),
  indexes: z.array(indexSchema),
  constraints: z.array(constraintSchema),
});

const storedObject = z.object({ key: z.string(), bytes: count, sha256 });

export const manifestSchema = z.object({
  schemaVersion: z.literal(MANIFEST_SCHEMA_VERSION),
  backupId: backupIdSchema,
  runId: runIdSchema,
  target: targetSchema,
  tier: tierSchema,
  scheduledFor: utcTimeSchema,
  startedAt: utcTimeSchema,
  completedAt: utcTimeSchema,
  source: z.enum(['bgsave', 'replication', 'import']),
  /** Of a dump that something else had taken: the name of its file, when it became a backup, and what the dump says. */
  imported: z.object({ from: z.string(), at: utcTimeSchema, stampedAt: utcTimeSchema.nullable() }).optional(),
  engine: z.object({ redis: z.string(), falkordb: z.string(), rdbVersion: count }),
  server: z.object({
    runId: z.string(),
    /** Of the save that made this very dump; null where the dump came by replication and left the server's own alone. */
    lastSave: count.nullable(),
    rdbSaves: count.nullable(),
    usedMemoryBytes: count,
  }),
  /** The dump as the server wrote it, before compression. */
  rdb: z.object({
    bytes: count,
    sha256,
    checksum: z.enum(['verified', 'disabled']),
    createdAt: utcTimeSchema,
    replicationId: z.string().nullable(),
    replicationOffset: count.nullable(),
  }),
  stored: storedObject.extend({ compression: z.enum(['zstd', 'none']), encryption: z.enum(['none']) }),
  state: storedObject,
  graphs: z.array(graphSummarySchema),
  /** False where writes went on while graphs were counted: the dump may then hold a little more or less. */
  countsExact: z.boolean(),
  /** Of all databases of the server; every graph is one key. */
  keys: count,
  timings: z.object({ saveSeconds: seconds, transferSeconds: seconds, totalSeconds: seconds }),
  tool: z.object({ name: z.string(), version: z.string() }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type GraphSummary = z.infer<typeof graphSummarySchema>;

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`);
}

/** @throws unreadable-manifest, naming the key and what is wrong with it */
export function decodeManifest(bytes: Uint8Array, key: string): Manifest {
  const json = parseJson(bytes, key);
  const { data: header } = z.object({ schemaVersion: z.number() }).safeParse(json);
  if (header && header.schemaVersion > MANIFEST_SCHEMA_VERSION) {
    throw new BackupError(
      'unreadable-manifest',
      `${key} has schema ${header.schemaVersion}; this version reads up to ${MANIFEST_SCHEMA_VERSION}.`,
      { hint: 'A newer falkordb-backup wrote it: upgrade this one to use the backup.' },
    );
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unreadable(key, z.prettifyError(parsed.error).replaceAll('\n', ' '));
}

function parseJson(bytes: Uint8Array, key: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw unreadable(key, bytes.length === 0 ? 'it is empty' : 'it is not JSON', error);
  }
}

function unreadable(key: string, why: string, cause?: unknown): BackupError {
  return new BackupError('unreadable-manifest', `${key} is no manifest: ${why}.`, {
    hint: 'The object was damaged or written by something else; other backups are not affected. Bring it back from a copy of the store.',
    cause,
  });
}
