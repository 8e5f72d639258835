import { z } from 'zod';
import { utcTimeSchema } from './timestamp.ts';

/** Several times what one takes, and less than any manifest: so a listing tells what cannot be one. */
export const MAX_TOMBSTONE_BYTES = 512;

/**
 * Lies where a manifest would, once the left-overs of a backup that was never made are being removed: it keeps a run that
 * wakes up late from committing a manifest for bytes that are gone. It is no backup.
 */
export const tombstoneSchema = z.object({
  // Whatever else a newer version may say in it: it stays a tombstone.
  schemaVersion: z.number().int().positive(),
  tombstone: z.literal(true),
  /** Random, so that nobody takes another's for its own. */
  token: z.string(),
  /** When the removal began. */
  removedAt: utcTimeSchema,
});

export type Tombstone = z.infer<typeof tombstoneSchema>;

export function newTombstone(now: Date): Tombstone {
  return { schemaVersion: 1, tombstone: true, token: crypto.randomUUID(), removedAt: now.toISOString() };
}

export function encodeTombstone(tombstone: Tombstone): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(tombstoneSchema.parse(tombstone), null, 2)}\n`);
}

/** Undefined for anything else, manifests above all. */
export function decodeTombstone(bytes: Uint8Array): Tombstone | undefined {
  if (bytes.length > MAX_TOMBSTONE_BYTES) return undefined;
  try {
    return tombstoneSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}
