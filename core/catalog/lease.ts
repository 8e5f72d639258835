import { BackupError, type ErrorDetails, hasCode, toBackupError } from '../model/errors.ts';
import { leaseKey } from '../model/keys.ts';
import { type LeaseRecord, leaseSchema, type ProcessIdentity, vacancy } from '../model/lease.ts';
import type { ObjectStore, PutOptions } from '../store/object-store.ts';
import { encodeJson, readObjectIfPresent } from '../store/small-object.ts';

/** Of every lease, from its last renewal. */
export const LEASE_TTL_SECONDS = 60;
const RENEWALS_PER_TTL = 4;

export class LeaseHeldError extends BackupError {
  /** Undefined where the holder was gone again before it could be asked. */
  readonly runId: string | undefined;

  constructor(runId: string | undefined, message: string, details: ErrorDetails) {
    super('lease-held', message, details);
    this.runId = runId;
  }
}

export interface LeaseRequest {
  target: string;
  runId: string;
  holder: ProcessIdentity;
  isDead: (holder: ProcessIdentity) => boolean;
  now: () => Date;
  ttlSeconds?: number;
}

/**
 * Lets one agent at a time work on a target. It is an object that is taken, renewed and released by compare-and-swap,
 * and never deleted. Its clock only decides who may try: that a holder which slept through its lease does no harm
 * rests on `assertHeld` before every step that others can see.
 */
export class Lease {
  readonly #store: ObjectStore;
  readonly #request: LeaseRequest;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #record: LeaseRecord;
  #etag: string;
  #renewing: Promise<void> | undefined;

  private constructor(store: ObjectStore, request: LeaseRequest, record: LeaseRecord, etag: string) {
    this.#store = store;
    this.#request = request;
    this.#record = record;
    this.#etag = etag;
    const period = (ttlSeconds(request) * 1000) / RENEWALS_PER_TTL;
    // A renewal that finds the lease gone says so through `lost`; one that finds the store away is tried again.
    this.#timer = setInterval(() => this.#renew().catch(() => {}), period);
    this.#timer.unref();
  }

  /** Different each time a lease is taken; letters and digits. */
  get attempt(): string {
    return this.#record.token.slice(0, 8);
  }

  /** Aborted, with a `lease-lost` error as its reason, as soon as the lease is known to be another's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws lease-held, naming the holder */
  static async acquire(store: ObjectStore, request: LeaseRequest): Promise<Lease> {
    const now = request.now();
    const record: LeaseRecord = {
      schemaVersion: 1,
      token: crypto.randomUUID(),
      renewals: 0,
      runId: request.runId,
      holder: request.holder,
      takenAt: now.toISOString(),
      expiresAt: expiry(now, request),
      releasedAt: null,
    };
    const current = await readLease(store, request.target);
    if (current && !vacancy(current.record, now, request.isDead)) throw held(request.target, current.record);
    const etag = await swap(store, request.target, record, current?.etag);
    if (etag) return new Lease(store, request, record, etag);
    throw held(request.target, (await readLease(store, request.target))?.record);
  }

  /** Renews the lease: the store itself says whether it is still ours. @throws lease-lost, store-* */
  async assertHeld(): Promise<void> {
    await this.#renewing?.catch(() => {});
    await this.#renew();
  }

  /** Gives the lease back; one that is lost already is left alone. @throws store-* */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => {});
    if (this.lost.aborted) return;
    const released = {
      ...this.#record,
      renewals: this.#record.renewals + 1,
      releasedAt: this.#request.now().toISOString(),
    };
    await swap(this.#store, this.#request.target, released, this.#etag);
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    this.lost.throwIfAborted();
    const now = this.#request.now();
    const renewed = { ...this.#record, renewals: this.#record.renewals + 1, expiresAt: expiry(now, this.#request) };
    const etag = await swap(this.#store, this.#request.target, renewed, this.#etag);
    if (!etag) {
      clearInterval(this.#timer);
      this.#lost.abort(await lostTo(this.#store, this.#request));
      throw toBackupError(this.lost.reason);
    }
    this.#record = renewed;
    this.#etag = etag;
  }
}

/** The run that holds the lease of a target; undefined where none does. */
export async function workingRun(
  store: ObjectStore,
  target: string,
  now: Date,
  isDead: LeaseRequest['isDead'] = () => false,
): Promise<string | undefined> {
  const current = await readLease(store, target);
  return current && !vacancy(current.record, now, isDead) ? current.record.runId : undefined;
}

/**
 * The new etag, or undefined where somebody else was first. A write whose answer was lost is refused when it is sent
 * again, so a refusal counts only if what is there is not what we wrote: neither this record nor an earlier one.
 */
async function swap(
  store: ObjectStore,
  target: string,
  record: LeaseRecord,
  etag: string | undefined,
  attempts = 2,
): Promise<string | undefined> {
  const precondition: PutOptions = etag === undefined ? { ifAbsent: true } : { ifMatch: etag };
  try {
    return (await store.put(leaseKey(target), encodeJson(record), precondition)).etag;
  } catch (error) {
    if (!hasCode(error, 'store-precondition-failed')) throw error;
  }
  const current = await readLease(store, target);
  if (current?.record.token !== record.token) return undefined;
  const { renewals, releasedAt } = current.record;
  if (renewals === record.renewals && releasedAt === record.releasedAt) return current.etag;
  // What was given back is never taken up again.
  return releasedAt || attempts === 1 ? undefined : swap(store, target, record, current.etag, attempts - 1);
}

async function readLease(
  store: ObjectStore,
  target: string,
): Promise<{ record: LeaseRecord; etag: string } | undefined> {
  const key = leaseKey(target);
  const object = await readObjectIfPresent(store, key);
  if (!object) return undefined;
  try {
    return { record: leaseSchema.parse(JSON.parse(new TextDecoder().decode(object.bytes))), etag: object.info.etag };
  } catch (cause) {
    throw new BackupError('integrity', `The lease ${key} in ${store.url} cannot be read.`, {
      hint: `If no agent is working on ${target}, delete that object.`,
      cause,
    });
  }
}

function ttlSeconds(request: LeaseRequest): number {
  return request.ttlSeconds ?? LEASE_TTL_SECONDS;
}

function expiry(now: Date, request: LeaseRequest): string {
  return new Date(now.getTime() + ttlSeconds(request) * 1000).toISOString();
}

function describe(record: LeaseRecord | undefined): string {
  if (!record) return 'another agent';
  return `run ${record.runId} (process ${record.holder.pid} on ${record.holder.host})`;
}

function held(target: string, record: LeaseRecord | undefined): LeaseHeldError {
  return new LeaseHeldError(record?.runId, `${target} is being worked on by ${describe(record)}.`, {
    hint: `Wait for it to end; a holder that has died loses its lease by itself${record ? ` at ${record.expiresAt}` : ''}.`,
    retryable: true,
  });
}

async function lostTo(store: ObjectStore, request: LeaseRequest): Promise<BackupError> {
  const current = await readLease(store, request.target).catch(() => undefined);
  return new BackupError('lease-lost', `The lease on ${request.target} went to ${describe(current?.record)}.`, {
    hint: 'This process was paused for longer than its lease lasts; nothing it did counts. The other run goes on.',
  });
}
