import type { S3Client } from '@aws-sdk/client-s3';
import { createS3Client } from './s3-client.ts';
import { type Attempt, s3Error } from './s3-errors.ts';
import type { S3Options } from './s3-options.ts';

export interface S3Location {
  bucket: string;
  /** Before every key, without slashes at its ends; empty for none. */
  prefix: string;
}

/** A part of a bucket: turns our keys into the service's and back, and the SDK's errors into ours. */
export class Bucket {
  readonly url: string;
  readonly client: S3Client;
  readonly name: string;
  readonly options: S3Options;
  readonly #prefix: string;

  constructor({ bucket, prefix }: S3Location, options: S3Options) {
    this.url = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.client = createS3Client(options);
    this.name = bucket;
    this.options = options;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
  }

  /** What requests about one object name it by. */
  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.withPrefix(key) };
  }

  withPrefix(key: string): string {
    return this.#prefix + key;
  }

  withoutPrefix(fullKey: string): string {
    return fullKey.slice(this.#prefix.length);
  }

  subject(key: string): string {
    return `"${key}" in ${this.url}`;
  }

  /** @throws store-*, or the reason of an aborted signal, in place of what the SDK throws */
  async attempt<T>(
    { action, key, signal }: { action: Attempt['action']; key: string; signal?: AbortSignal | undefined },
    task: () => Promise<T>,
  ): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw s3Error(error, { action, subject: this.subject(key), signal });
    }
  }
}
