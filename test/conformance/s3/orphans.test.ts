import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe } from 'vitest';
import { makeBucket, s3Client, s3Missing } from '../../support/s3/bucket.ts';
import { openS3Store, PREFIX } from '../../support/s3/s3-store.ts';
import { orphansConformance } from '../orphans.ts';

describe.skipIf(s3Missing)('S3', () => {
  orphansConformance('a bucket', async () => {
    const bucket = await makeBucket();
    const client = s3Client();
    const open = () => openS3Store(bucket.name);
    return {
      store: open(),
      openAnother: open,
      leaveUpload: async (key) => {
        await client.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: `${PREFIX}/${key}` }));
      },
      knowsUploadKeys: true,
      cleanUp: async () => {
        client.destroy();
        await bucket.remove();
      },
    };
  });
});
