import type { Logger } from 'pino';
import type { RunStep } from '../../core/model/run-record.ts';

/** The steps of a run with the time of each, for its record. */
export class Steps {
  readonly list: RunStep[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A step that throws is noted as failed. */
  async run<T>(name: string, body: () => Promise<T>): Promise<T> {
    const step: RunStep = { name, startedAt: new Date().toISOString(), seconds: 0, ok: false };
    const started = performance.now();
    this.list.push(step);
    this.#log.info({ step: name }, `Step: ${name}`);
    try {
      const result = await body();
      step.ok = true;
      return result;
    } finally {
      step.seconds = Math.round(performance.now() - started) / 1000;
      this.#log.info({ step: name, seconds: step.seconds }, `${step.ok ? 'Done' : 'Failed'}: ${name}`);
    }
  }
}
