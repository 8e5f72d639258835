import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ObjectInfo, UnfinishedUpload } from '../object-store.ts';
import type { Bucket } from './bucket.ts';

/** One request for each 1,000 objects. */
export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  startAfter: string | undefined,
): AsyncIterable<ObjectInfo> {
  let ContinuationToken: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: bucket.withPrefix(prefix),
      ...(startAfter === undefined ? {} : { StartAfter: bucket.withPrefix(startAfter) }),
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    });
    const page = await bucket.attempt({ action: 'list', key: prefix }, () => bucket.client.send(command));
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      yield { key: bucket.withoutPrefix(Key), bytes: Size, modifiedAt: LastModified };
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

export async function* listUploads(bucket: Bucket, prefix: string): AsyncIterable<UnfinishedUpload> {
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const input = { Bucket: bucket.name, Prefix: bucket.withPrefix(prefix), ...markers };
    const page = await bucket.attempt({ action: 'list', key: prefix }, () =>
      bucket.client.send(new ListMultipartUploadsCommand(input)),
    );
    for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
      yield { id: UploadId, key: bucket.withoutPrefix(Key), startedAt: Initiated };
    }
    if (!page.IsTruncated) return;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}
