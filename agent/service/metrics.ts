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
const STORE_TIMEOUT_MS = 20_000;

interface Read {
  at: number;
  samples: Promise<Sample[]>;
}

/** The metrics of all targets, as Prometheus reads them. What the store tells is kept until a run of the target ends. */
export class ServiceMetrics {
  readonly #service: Service;
  readonly #now: () => Date;
  readonly #read = new Map<string, Read>();
  /** Of each target, what its store told the last time that it told anything. */
  readonly #last = new Map<string, Sample[]>();

  constructor(service: Service, now: () => Date) {
    this.#service = service;
    this.#now = now;
    service.subscribe((change) => {
      if (change.type === 'ended') this.#read.delete(change.ended.target);
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
      const next = this.#service.nextDue(name, job);
      return next
        ? [sample('falkordb_backup_next_due_timestamp_seconds', { target: name, job }, next.getTime() / 1000)]
        : [];
    });
    return [version, ...due, ...(await this.#storeSamples(target))];
  }

  async #storeSamples(target: ServedTarget): Promise<Sample[]> {
    const { name } = target;
    try {
      const samples = await this.#fresh(target);
      this.#last.set(name, samples);
      return samples;
    } catch {
      // The metric says so; why is in the log of whoever works with the store.
      this.#read.delete(name);
      const last = this.#last.get(name) ?? [];
      const down = sample('falkordb_backup_store_up', { target: name }, 0);
      return [...last.filter((each) => each.name !== down.name), down];
    }
  }

  #fresh({ name, store }: ServedTarget): Promise<Sample[]> {
    const now = this.#now();
    const known = this.#read.get(name);
    if (known && Math.abs(now.getTime() - known.at) < MAX_AGE_MS) return known.samples;
    const samples = within(STORE_TIMEOUT_MS, readStoreFacts(store, name, now).then(storeSamples));
    this.#read.set(name, { at: now.getTime(), samples });
    return samples;
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new BackupError('deadline', `The store took longer than ${ms} ms.`)), ms);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
