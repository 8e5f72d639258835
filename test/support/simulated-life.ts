import { pino } from 'pino';
import type { ServiceConfig } from '../../agent/service/config.ts';
import type { BackupJob } from '../../agent/service/jobs.ts';
import { LocalService } from '../../agent/service/local-service.ts';
import { configOf } from './backups.ts';
import { MemoryStore } from './memory-store.ts';
import { RecordingSink } from './recording-sink.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedJobs } from './simulated-jobs.ts';

const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };

/** The service of one target, with simulated jobs, on a store in memory. */
export class SimulatedLife {
  readonly clock: SimulatedClock;
  readonly jobs: SimulatedJobs;
  readonly store = new MemoryStore();
  readonly sink = new RecordingSink();
  readonly #settings: Partial<ServiceConfig>;

  constructor(from: string, settings: Partial<ServiceConfig> = {}, fail?: (job: BackupJob) => boolean) {
    this.clock = new SimulatedClock(from);
    this.jobs = new SimulatedJobs(this.clock, fail);
    this.#settings = settings;
  }

  /** From one time to the other; then it is stopped, as by SIGTERM. */
  async serveUntil(end: string): Promise<void> {
    const { clock, jobs, store, sink } = this;
    const config = { ...configOf(NOWHERE, store), target: 'shop' };
    const target = {
      name: 'shop',
      store,
      sinks: [sink],
      config: { ...config, service: { ...config.service, ...this.#settings } },
    };
    const log = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
    const service = new LocalService([target], { stopTimeoutSeconds: 30, log, clock, jobs, random: () => 0.5 });
    const stop = new AbortController();
    let isEnded = false;
    const running = service.run(stop.signal).finally(() => {
      isEnded = true;
    });
    await clock.until(end);
    stop.abort();
    while (!isEnded) await clock.next();
    await running;
  }
}
