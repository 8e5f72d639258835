import type { Logger } from 'pino';
import type { Teller } from '../core/alerts/teller.ts';
import { recordVerdict } from '../core/catalog/runs.ts';
import type { BackupError } from '../core/model/errors.ts';
import type { BackupEvent } from '../core/model/events.ts';
import type { NewVerdict, Requested, RunStep } from '../core/model/run-record.ts';
import type { ObjectStore } from '../core/store/object-store.ts';

/** What a run came to; `skipped` names why nothing was done, and the backup that stands for the one that was not made. */
export type Outcome<T> =
  | { status: 'completed'; value: T }
  | { status: 'skipped'; reason: 'unchanged' | 'covered'; by: string };

export type Ending<T> = Outcome<T> | { status: 'failed'; failure: BackupError };

export type RunEnd<T> = Ending<T> & { at: Date; seconds: number };

/** Who hears of the run, and what. */
export interface Telling<T> {
  teller: Teller;
  describe: (end: RunEnd<T>) => BackupEvent;
}

export interface Concluded {
  verb: Requested['verb'];
  runId: string;
  target: string;
  store: ObjectStore;
  now: () => Date;
  log: Logger;
  steps?: RunStep[];
}

/**
 * The end of one run: its verdict, and who is told. What cannot be recorded or told is logged, and makes no run worse.
 *
 * Telling may take a minute, and an agent may be killed in it. A backup is told first: its manifest outranks any verdict,
 * and the one verdict says who could not be told. A restore has nothing but its verdict: that comes first, and where
 * somebody could not be told, a further one says so.
 */
export class Conclusion<T> {
  readonly #run: Concluded;
  readonly #telling: Telling<T> | undefined;
  readonly #began = performance.now();
  #isTried = false;
  #written: NewVerdict | undefined;

  constructor(run: Concluded, telling: Telling<T> | undefined) {
    this.#run = run;
    this.#telling = telling;
  }

  /** While the lease is held, so that nobody ever finds a restore that has begun, has no lease, and no verdict. */
  async beforeRelease(ending: Ending<T>): Promise<void> {
    if (this.#run.verb === 'restore') await this.#record(ending);
  }

  async conclude(ending: Ending<T>): Promise<void> {
    if (this.#run.verb === 'restore' && !this.#isTried) await this.#record(ending);
    await this.tell(ending);
    if (!this.#written) await this.#record(ending);
    else if (this.#undelivered.length > (this.#written.undelivered?.length ?? 0)) await this.#write(this.#written);
  }

  async tell(ending: Ending<T>): Promise<void> {
    const seconds = Math.round(performance.now() - this.#began) / 1000;
    const { now, log } = this.#run;
    try {
      await this.#telling?.teller.tell(this.#telling.describe({ ...ending, at: now(), seconds }));
    } catch (error) {
      log.warn({ err: error }, 'The end of the run could not be described');
    }
  }

  get #undelivered(): NonNullable<NewVerdict['undelivered']> {
    return this.#telling?.teller.undelivered ?? [];
  }

  #record(ending: Ending<T>): Promise<void> {
    const { runId, target, now, steps = [] } = this.#run;
    this.#isTried = true;
    const endedAt = now().toISOString();
    return this.#write({ schemaVersion: 1, runId, target, ...verdictOf(ending), endedAt, steps });
  }

  async #write(verdict: NewVerdict): Promise<void> {
    const { store, log } = this.#run;
    const written = { ...verdict, undelivered: this.#undelivered };
    try {
      await recordVerdict(store, written);
      this.#written = written;
    } catch (error) {
      log.warn({ err: error }, 'The verdict could not be recorded in the store');
    }
  }
}

function verdictOf(ending: Ending<unknown>): Pick<NewVerdict, 'verdict' | 'reason' | 'failure'> {
  const { status: verdict } = ending;
  if (ending.status !== 'failed') {
    return { verdict, reason: ending.status === 'skipped' ? ending.reason : null, failure: null };
  }
  const { code, message, hint = null, retryable } = ending.failure;
  return { verdict, reason: null, failure: { code, message, hint, retryable } };
}
