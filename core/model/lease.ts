import { z } from 'zod';
import { utcTimeSchema } from './timestamp.ts';

/** A process, told apart from every other one that ever ran, so that somebody on the same host can see it is dead. */
export const processIdentitySchema = z.object({
  host: z.string(),
  pid: z.number().int().nonnegative(),
  /** Changes at each boot of the host; null where the system does not tell. */
  bootId: z.string().nullable(),
  /** Process ids mean something only within their namespace (a container has its own). */
  pidNamespace: z.string().nullable(),
  /** In clock ticks since boot: tells a process from a later one with the same pid. */
  startTicks: z.string().nullable(),
});

export const leaseSchema = z.object({
  schemaVersion: z.literal(1),
  /** Random, one for each time the lease is taken. */
  token: z.string(),
  renewals: z.number().int().nonnegative(),
  runId: z.string(),
  holder: processIdentitySchema,
  takenAt: utcTimeSchema,
  expiresAt: utcTimeSchema,
  releasedAt: utcTimeSchema.nullable(),
});

export type ProcessIdentity = z.infer<typeof processIdentitySchema>;
export type LeaseRecord = z.infer<typeof leaseSchema>;

/** Why a lease may be taken over; undefined where it is held. */
export function vacancy(
  lease: LeaseRecord,
  now: Date,
  isDead: (holder: ProcessIdentity) => boolean,
): 'released' | 'expired' | 'holder-dead' | undefined {
  if (lease.releasedAt) return 'released';
  if (Date.parse(lease.expiresAt) <= now.getTime()) return 'expired';
  return isDead(lease.holder) ? 'holder-dead' : undefined;
}
