import { pino } from 'pino';
import type { ServiceConfig } from '../../agent/service/config.ts';
import type { BackupJob } from '../../agent/service/jobs.ts';
import { LocalService } from '../../agent/service/local-service.ts';
import type { ServedTarget } from '../../agent/service/port.ts';
import { BackupError } from '../../core/model/errors.ts';
import { configOf } from './backups.ts';
import { MemoryStore } from './memory-store.ts';
import { RecordingSink } from './recording-sink.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedJobs } from './simulated-jobs.ts';

const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };

/** The service of a target, or several, with simulated jobs, on a store in memory. */
export class SimulatedLife {
  readonly clock: SimulatedClock;
  readonly jobs: SimulatedJobs;
  readonly store = new MemoryStore();
  readonly sink = new RecordingSink();
  readonly #settings: Partial<ServiceConfig>;
  readonly #targets: number;
  #failures = 0;

  constructor(from: string, settings: Partial<ServiceConfig> = {}, fail?: (job: BackupJob) => boolean, targets = 1) {
    this.clock = new SimulatedClock(from);
    this.jobs = new SimulatedJobs(this.clock, fail);
    this.#settings = settings;
    this.#targets = targets;
  }

  /** The next read fails. */
  breakStoreOnce(): void {
    this.#failures = 1;
  }

  /** From now on until then; then it is stopped, as by SIGTERM. */
  serveUntil(end: string): Promise<void> {
    return this.serveWhile(() => this.clock.until(end));
  }

  async serveWhile(lives: () => Promise<void>): Promise<void> {
    const { clock, jobs } = this;
    const names = Array.from({ length: this.#targets }, (_, index) => (index === 0 ? 'shop' : `shop-${index}`));
    const log = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
    const targets = names.map((name) => this.#target(name));
    const service = new LocalService(targets, { stopTimeoutSeconds: 30, log, clock, jobs, random: () => 0.5 });
    const stop = new AbortController();
    let isEnded = false;
    const running = service.run(stop.signal).finally(() => {
      isEnded = true;
    });
    await lives();
    stop.abort();
    while (!isEnded) await clock.next();
    await running;
  }

  #target(name: string): ServedTarget {
    const store = this.#failing();
    const config = { ...configOf(NOWHERE, store), target: name };
    const service = { ...config.service, ...this.#settings };
    return { name, store, sinks: [this.sink], config: { ...config, service } };
  }

  #failing(): MemoryStore {
    const store = this.store.another();
    store.now = () => this.clock.now();
    const get = store.get.bind(store);
    store.get = async (...args) => {
      if (this.#failures-- > 0) throw new BackupError('store-unavailable', 'It is away.', { retryable: true });
      return get(...args);
    };
    return store;
  }
}
