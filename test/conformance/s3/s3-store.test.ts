import { describe } from 'vitest';
import { makeBucket, s3Missing } from '../../support/s3/bucket.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';
import { leaseConformance } from '../lease.ts';
import { objectStoreConformance } from '../object-store.ts';

describe.skipIf(s3Missing)('S3', () => {
  for (const [name, prefix] of [
    ['a bucket', ''],
    ['a prefix of a bucket', 'with/prefix'],
  ] as const) {
    objectStoreConformance(name, async () => {
      const bucket = await makeBucket();
      const open = () => openS3Store(bucket.name, {}, prefix);
      return { store: open(), openAnother: open, cleanUp: bucket.remove };
    });
  }

  leaseConformance(
    'a bucket',
    async () => {
      const bucket = await makeBucket();
      const open = () => openS3Store(bucket.name);
      return { store: open(), openAnother: open, cleanUp: bucket.remove };
    },
    6,
  );
});
