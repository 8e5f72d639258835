import { TIERS } from './tiers.ts';

/*
 * The rules of a versioned bucket that finish what prune began: its deletes are markers, which put the old version away
 * for a while. No rule ever expires a current version: whether a backup stays, prune alone decides.
 */

/** As PutBucketLifecycleConfiguration takes it. */
export interface LifecycleConfiguration {
  Rules: LifecycleRule[];
}

export interface LifecycleRule {
  ID: string;
  Status: 'Enabled';
  Filter: { Prefix: string };
  NoncurrentVersionExpiration?: { NoncurrentDays: number };
  /** Of no other kind: `Days` or `Date` would expire current versions. */
  Expiration?: { ExpiredObjectDeleteMarker: true };
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation: number };
  Transitions?: { Days: number; StorageClass: 'GLACIER_IR' }[];
}

export interface LifecycleOptions {
  /** Of the store, as in its URL; empty for none. */
  prefix: string;
  /** How long what was removed can be brought back. */
  undoDays?: number;
  /** Age at which monthly dumps move to a class that costs less and can still be read at once; never where left out. */
  coldMonthlyDays?: number;
}

const UNDO_DAYS = 7;
/** A run that is under way may be uploading for two days (core/model/settings.ts). */
const ABANDONED_UPLOAD_DAYS = 3;
/** Leases are written anew every 15 s of a run, alerts now and then, and nobody needs an old one: the least that S3 takes. */
const LOCK_DAYS = 1;

/** @throws RangeError where a number of days is not whole, or below 1 */
export function lifecycleConfiguration(options: LifecycleOptions): LifecycleConfiguration {
  const { prefix, undoDays = UNDO_DAYS, coldMonthlyDays } = options;
  const at = (key: string) => ({ Prefix: prefix === '' ? key : `${prefix}/${key}` });
  const finishing = (name: string, days: number): LifecycleRule => ({
    ID: `finish-${name}`,
    Status: 'Enabled',
    Filter: at(`${name}/`),
    NoncurrentVersionExpiration: { NoncurrentDays: wholeDays(days) },
    Expiration: { ExpiredObjectDeleteMarker: true },
  });
  const tiers = TIERS.map((tier) => ({
    ...finishing(tier, undoDays),
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABANDONED_UPLOAD_DAYS },
  }));
  const rules = [...tiers, finishing('runs', undoDays), finishing('locks', LOCK_DAYS), finishing('alerts', LOCK_DAYS)];
  if (coldMonthlyDays === undefined) return { Rules: rules };
  const Transitions = [{ Days: wholeDays(coldMonthlyDays), StorageClass: 'GLACIER_IR' as const }];
  return { Rules: [...rules, { ID: 'cool-monthly', Status: 'Enabled', Filter: at('monthly/'), Transitions }] };
}

function wholeDays(days: number): number {
  if (Number.isInteger(days) && days >= 1) return days;
  throw new RangeError(`${days} is no number of days: a lifecycle rule takes whole ones from 1.`);
}
