import { describe } from 'vitest';
import { makeBucket, s3Missing } from '../../support/s3/bucket.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';
import { watchdogConformance } from '../watchdog.ts';

describe.skipIf(s3Missing)('S3', () => {
  watchdogConformance(
    'a bucket',
    async () => {
      const bucket = await makeBucket();
      const open = () => openS3Store(bucket.name);
      return { store: open(), openAnother: open, cleanUp: () => bucket.remove() };
    },
    { from: '2026-11-28T00:00:00', stepMinutes: 720 },
  );
});
