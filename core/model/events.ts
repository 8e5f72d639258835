import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { runIdSchema } from './run-id.ts';
import { failureSchema } from './run-record.ts';
import { targetSchema } from './target.ts';
import { tierSchema } from './tiers.ts';
import { utcTimeSchema } from './timestamp.ts';

/*
 * What is told to people and to other systems: one vocabulary for AWS and for one machine. Everything is told at least
 * once; the id is that of the fact, not of the telling, so that a receiver can drop what it has heard before.
 */

export const EVENT_SOURCE = 'falkordb.backup';

export const EVENT_TYPES = [
  'Backup Completed',
  'Backup Failed',
  'Backup Skipped',
  'Restore Started',
  'Restore Completed',
  'Restore Failed',
  'Restore Rolled Back',
  'Prune Completed',
  'Prune Failed',
  'Retention Guarded',
  'Verification Failed',
  'Backup Overdue',
  'Backup Recovered',
  'Verification Overdue',
  'Verification Recovered',
  'Test Notice',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Those that somebody has to know of; a test is for whoever asked for it, and has to arrive where they would. */
export const NOTICED_BY_DEFAULT: readonly EventType[] = EVENT_TYPES.filter(
  (type) => !['Backup Completed', 'Backup Skipped', 'Prune Completed'].includes(type),
);

const seconds = z.number().nonnegative();
const bytes = z.number().int().nonnegative();

export const eventDetailSchema = z.object({
  schemaVersion: z.literal(1),
  eventId: z.string().min(1).max(200),
  at: utcTimeSchema,
  target: targetSchema,
  tier: tierSchema.nullable(),
  runId: runIdSchema.nullable(),
  backupId: backupIdSchema.nullable(),
  /** A sentence for people; it holds no secret. */
  message: z.string(),
  /** What a person can do about it; null where nothing is to be done. */
  hint: z.string().nullable(),
  failure: failureSchema.nullable(),
  durationSeconds: seconds.nullable(),
  /** Of a completed backup. */
  sizes: z.object({ rdbBytes: bytes, storedBytes: bytes }).nullable(),
});

export type EventDetail = z.infer<typeof eventDetailSchema>;

export interface BackupEvent {
  type: EventType;
  detail: EventDetail;
}

/** As settings and ids have it: `backup-failed`. */
export function slugOf(type: EventType): string {
  return type.toLowerCase().replaceAll(' ', '-');
}

/** `occasion` is what makes two of the same type and target two facts: a run's id, or a day. */
export function eventId(type: EventType, target: string, occasion: string): string {
  return `${slugOf(type)}/${target}/${occasion}`;
}

/** An event about which only these things are known. */
export function backupEvent(
  type: EventType,
  occasion: string,
  known: Pick<EventDetail, 'at' | 'target' | 'message'> & Partial<EventDetail>,
): BackupEvent {
  const unknown = {
    tier: null,
    runId: null,
    backupId: null,
    hint: null,
    failure: null,
    durationSeconds: null,
    sizes: null,
  };
  const id = eventId(type, known.target, occasion);
  return { type, detail: eventDetailSchema.parse({ ...unknown, ...known, schemaVersion: 1, eventId: id }) };
}
