import { describe } from 'vitest';
import { makeBucket, s3Missing } from '../../support/s3/bucket.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';
import { pruneConformance } from '../prune.ts';

describe.skipIf(s3Missing)('S3', () => {
  pruneConformance(
    'a bucket',
    async () => {
      const bucket = await makeBucket();
      const open = () => openS3Store(bucket.name);
      return { store: open(), openAnother: open, cleanUp: () => bucket.remove() };
    },
    { days: 12, left: { snapshot: 17, daily: 12, weekly: 2, monthly: 0 } },
  );
});
