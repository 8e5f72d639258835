import { setTimeout } from 'node:timers/promises';
import { commandLineOf, peakBytesOf, treeOf } from './processes.ts';

const POLL_MS = 10;
/** What the agent starts to load a backup into, and what saves for that. */
const THROW_AWAY_SERVER = /redis-(server|rdb-bgsave|aof-rewrite)/;

/** Sums up the high-water marks of a process and of all below it, for as long as it lives. */
export class TreeWatch {
  readonly #peaks = new Map<number, { bytes: number; isServer: boolean }>();
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;

  constructor(pid: number) {
    this.#looking = this.#look(pid);
  }

  /** Bytes, of all processes that were seen: at most too high, where one followed another. */
  async stop(): Promise<{ own: number; servers: number }> {
    this.#stopped.abort();
    await this.#looking;
    const sum = (ofServers: boolean) =>
      [...this.#peaks.values()].reduce((total, { bytes, isServer }) => total + (isServer === ofServers ? bytes : 0), 0);
    return { own: sum(false), servers: sum(true) };
  }

  async #look(root: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      for (const pid of await treeOf(root)) {
        const bytes = await peakBytesOf(pid);
        const isServer = THROW_AWAY_SERVER.test(await commandLineOf(pid));
        if (bytes > 0) this.#peaks.set(pid, { bytes, isServer });
      }
      await setTimeout(POLL_MS);
    }
  }
}
