import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { WrittenObject } from '../object-store.ts';
import type { Bucket } from './bucket.ts';
import { bareEtag, quotedEtag } from './etag.ts';
import { httpStatus } from './s3-errors.ts';

const PRECONDITION_FAILED = 412;
const CONFLICT = 409;
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 100;

/** Writes whole small objects, under preconditions, to services that understand these in their own ways. */
export class ConditionalPut {
  readonly #bucket: Bucket;
  /** Whether If-Match wants the etag as it was given, in quotes, as HTTP has it; found out by trying. */
  #quotesEtags = true;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * @param currentEtag what the key holds at this moment
   * @throws what the SDK throws
   */
  async put(
    key: string,
    params: PutObjectCommandInput & { Body: Uint8Array },
    signal: AbortSignal | undefined,
    currentEtag: () => Promise<string | undefined>,
  ): Promise<WrittenObject> {
    const { IfMatch } = params;
    if (IfMatch === undefined) return this.#send(key, params, signal);
    if (this.#quotesEtags) {
      try {
        return await this.#send(key, params, signal);
      } catch (error) {
        // Ceph 16 compares with the bare etag. Refused although it is the current one: so this service does too.
        if (httpStatus(error) !== PRECONDITION_FAILED || (await currentEtag()) !== IfMatch) throw error;
      }
    }
    const written = await this.#send(key, { ...params, IfMatch: bareEtag(IfMatch) }, signal);
    this.#quotesEtags = false;
    return written;
  }

  async #send(
    key: string,
    params: PutObjectCommandInput & { Body: Uint8Array },
    signal: AbortSignal | undefined,
  ): Promise<WrittenObject> {
    for (let attempt = 1; ; attempt++) {
      try {
        const command = new PutObjectCommand(params);
        const { ETag } = await this.#bucket.client.send(command, signal ? { abortSignal: signal } : {});
        return { key, bytes: params.Body.length, etag: quotedEtag(ETag) };
      } catch (error) {
        // Somebody else writes the key at this moment; whether our precondition holds shows when that has ended.
        if (httpStatus(error) !== CONFLICT || attempt === CONFLICT_ATTEMPTS) throw error;
        await delay(CONFLICT_PAUSE_MS * attempt, undefined, signal ? { signal } : {});
      }
    }
  }
}
