import { BackupError } from '../../core/model/errors.ts';
import { type Sample, sample } from '../metrics/definitions.ts';
import { toRegistry } from '../metrics/registry.ts';
import { readStoreFacts } from '../metrics/store-facts.ts';
import { storeSamples } from '../metrics/store-samples.ts';
import { TOOL } from '../tool.ts';
import { JOBS } from './agenda.ts';
import type { ServedTarget, Service } from './port.ts';

/** Reading the run records of a month again at each scrape would cost more than they change. */
const MAX_AGE_MS = 5 * 60_000;
/** Less than Prometheus waits for a scrape, by default. */
const STORE_TIMEOUT_MS = 8_000;

/** What is known of the store of one target. */
interface Known {
  /** What it told the last time that it told anything. */
  samples: Sample[];
  readAt: number | undefined;
  /** How many runs have ended: what was read before the last one is old. */
  ended: number;
  /** One at a time, however long a store takes that hangs. */
  pending: Promise<Sample[]> | undefined;
}

/** The metrics of all targets, as Prometheus reads them. What the store tells is kept until a run of the target ends. */
export class ServiceMetrics {
  readonly #service: Service;
  readonly #now: () => Date;
  readonly #known: Map<string, Known>;

  constructor(service: Service, now: () => Date) {
    this.#service = service;
    this.#now = now;
    const nothing = { samples: [], readAt: undefined, ended: 0, pending: undefined };
    this.#known = new Map(service.targets.map(({ name }) => [name, { ...nothing }]));
    service.subscribe((change) => {
      const known = change.type === 'ended' ? this.#known.get(change.ended.target) : undefined;
      if (!known) return;
      known.readAt = undefined;
      known.ended += 1;
    });
  }

  async text(): Promise<string> {
    const samples = await Promise.all(this.#service.targets.map((target) => this.#samplesOf(target)));
    return toRegistry(samples.flat()).metrics();
  }

  async #samplesOf(target: ServedTarget): Promise<Sample[]> {
    const { name } = target;
    const version = sample('falkordb_backup_info', { target: name, version: TOOL.version }, 1);
    const due = JOBS.flatMap((job) => {
      const at = this.#service.nextDue(name, job);
      return at
        ? [sample('falkordb_backup_next_due_timestamp_seconds', { target: name, job }, at.getTime() / 1000)]
        : [];
    });
    return [version, ...due, ...(await this.#storeSamples(target))];
  }

  async #storeSamples(target: ServedTarget): Promise<Sample[]> {
    const known = this.#known.get(target.name);
    if (!known) return [];
    const age = known.readAt === undefined ? Number.POSITIVE_INFINITY : this.#now().getTime() - known.readAt;
    if (Math.abs(age) < MAX_AGE_MS) return known.samples;
    try {
      known.pending ??= this.#read(target, known);
      return await inTime(known.pending);
    } catch {
      // The metric says so; why is in the log of whoever works with the store.
      const down = sample('falkordb_backup_store_up', { target: target.name }, 0);
      return [...known.samples.filter((each) => each.name !== down.name), down];
    }
  }

  async #read({ name, store }: ServedTarget, known: Known): Promise<Sample[]> {
    const [now, { ended }] = [this.#now(), known];
    try {
      known.samples = storeSamples(await readStoreFacts(store, name, now));
      if (known.ended === ended) known.readAt = now.getTime();
      return known.samples;
    } finally {
      known.pending = undefined;
    }
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const late = () => reject(new BackupError('deadline', 'The store did not answer in time.', { retryable: true }));
  const timer = setTimeout(late, STORE_TIMEOUT_MS);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
