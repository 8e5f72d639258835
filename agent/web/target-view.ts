import { BackupError } from '../../core/model/errors.ts';
import { leaseKey, tierPrefix } from '../../core/model/keys.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import type { ServedTarget } from '../service/port.ts';
import type { BackupSummary, PartState, RunAnswer } from './api.ts';
import { BackupSummaries } from './backup-summaries.ts';
import { Cached } from './cached.ts';
import { DatabaseLook } from './database-look.ts';
import { down } from './part-state.ts';
import { readOverdue } from './read-overdue.ts';
import { RunAnswers } from './run-answers.ts';
import { SizeLook, type StoreSize, type StoreSizes } from './size-look.ts';
import { StoreLook } from './store-look.ts';

const FRESH_MS = 15_000;
const PROBE_WAIT_MS = 5000;
const RUNS_WINDOW_MS = 31 * 24 * 3600 * 1000;

/** What the store says of a target. */
export interface StoreFacts {
  /** Newest first, as all lists of backups. */
  backups: BackupSummary[];
  /** Those of the last 31 days, oldest first. */
  runs: RunAnswer[];
  /** What the watchdog found missing, and since when. */
  overdue: Map<Tier, Date>;
  /** Null where that takes longer than all else. */
  size: StoreSize | null;
}

/** What is known of one target, read from its store and its database no more often than is needed. */
export class TargetView {
  readonly served: ServedTarget;
  readonly database: DatabaseLook;
  readonly summaries: BackupSummaries;
  readonly runAnswers: RunAnswers;
  readonly #now: () => Date;
  readonly #store: StoreLook;
  readonly #backups: Cached<BackupSummary[]>;
  readonly #runs: Cached<RunAnswer[]>;
  readonly #runKeys: Cached<Map<string, string[]>>;
  readonly #overdue: Cached<Map<Tier, Date>>;
  readonly #size: SizeLook;
  readonly #probe: Cached<void>;
  #generation = 0;

  constructor(served: ServedTarget, now: () => Date, measured: StoreSizes = new Map()) {
    const { store, config, name } = served;
    this.served = served;
    this.#now = now;
    this.#store = new StoreLook(store.url, now);
    this.database = new DatabaseLook(config.falkordb, now);
    this.summaries = new BackupSummaries(store);
    this.runAnswers = new RunAnswers(store, name);
    const cached = <T>(read: () => Promise<T>) => new Cached(() => this.#store.noting(read), { freshMs: FRESH_MS });
    this.#backups = cached(() => this.#readBackups());
    this.#runs = cached(() => this.#readRuns());
    this.#runKeys = cached(() => this.runAnswers.list(new Date(0)));
    this.#overdue = cached(() => readOverdue(served));
    this.#size = new SizeLook(served, measured);
    this.#probe = cached(() => this.#readLittle());
  }

  get name(): string {
    return this.served.name;
  }

  /** Counts how often what was read no longer counted. */
  get generation(): number {
    return this.#generation;
  }

  /** What was read so far no longer counts, but for the size: a run changes little of it. */
  drop(): void {
    this.#generation += 1;
    for (const cached of [this.#backups, this.#runs, this.#runKeys, this.#overdue]) cached.drop();
  }

  /** What is read or written here elsewhere, waited for as long as all else. @throws store-unavailable; as `work` */
  inTime<T>(work: Promise<T>): Promise<T> {
    return this.#store.inTime(work);
  }

  /** @throws store-* */
  backups(): Promise<BackupSummary[]> {
    return this.#store.inTime(this.#backups.get());
  }

  /** Of all runs, oldest first: the keys of their records. @throws store-* */
  runKeys(): Promise<Map<string, string[]>> {
    return this.#store.inTime(this.#runKeys.get());
  }

  /** When the backup of a run was completed, by run id. @throws store-* */
  async made(): Promise<Map<string, string>> {
    return madeBy(await this.backups());
  }

  /** Null where the store does not say. */
  async facts(): Promise<{ state: PartState; facts: StoreFacts | null }> {
    const reads = Promise.all([this.#backups.get(), this.#runs.get(), this.#overdue.get()]);
    try {
      const [[backups, runs, overdue], size] = await Promise.all([this.#store.inTime(reads), this.#size.get()]);
      return { state: this.#store.state, facts: { backups, runs, overdue, size } };
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      return { state: down(error, this.#now()), facts: null };
    }
  }

  /** How the store was found a moment ago: where nobody has asked for more, by one request. */
  async storeState(): Promise<PartState> {
    if (this.#store.isUpSince(FRESH_MS)) return this.#store.state;
    try {
      await this.#store.inTime(this.#probe.get(), PROBE_WAIT_MS);
      return this.#store.state;
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      return down(error, this.#now());
    }
  }

  async #readBackups(): Promise<BackupSummary[]> {
    const lists = await Promise.all(TIERS.map((tier) => this.summaries.list(tierPrefix(tier, this.name))));
    return lists.flat().sort((a, b) => (a.backupId < b.backupId ? 1 : -1));
  }

  async #readRuns(): Promise<RunAnswer[]> {
    const since = new Date(this.#now().getTime() - RUNS_WINDOW_MS);
    return this.runAnswers.readSince(since, madeBy(await this.#backups.get()));
  }

  async #readLittle(): Promise<void> {
    for await (const _ of this.served.store.list(leaseKey(this.name))) break;
  }
}

function madeBy(backups: BackupSummary[]): Map<string, string> {
  return new Map(backups.flatMap(({ facts }) => (facts ? [[facts.runId, facts.completedAt]] : [])));
}
