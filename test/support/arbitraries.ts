import fc from 'fast-check';
import type { BackupIdParts } from '../../core/model/backup-id.ts';
import { TIERS } from '../../core/model/tiers.ts';

export const targets = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);

/** Any moment that a compact timestamp can hold. */
export const wholeSeconds = fc
  .integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 })
  .map((seconds) => new Date(seconds * 1000));

export const backupIdParts: fc.Arbitrary<BackupIdParts> = fc.record({
  scheduledFor: wholeSeconds,
  target: targets,
  tier: fc.constantFrom(...TIERS),
});
