import { setTimeout } from 'node:timers/promises';
import type { Metrics } from './metrics.ts';
import { childrenOf, cpuSecondsOf, peakBytesOf, privateDirtyBytesOf, resetPeak } from './processes.ts';

const POLL_MS = 5;
const FORK_TIMEOUT_MS = 10_000;
/**
 * The kernel walks all page tables of the child to count what is copied: that may take this share of the time, so that
 * looking does not disturb what is looked at.
 */
const COUNTING_SHARE = 0.02;
const COUNT_POLL_MS = 20;

/** Looks at a server while something is done to it: its memory and CPU, and how long it had a forked child. */
export class ServerWatch {
  readonly #pid: number;
  readonly #cpuBefore: number;
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;
  #forkMs = 0;
  #copiedBytes = 0;

  private constructor(pid: number, cpuBefore: number) {
    this.#pid = pid;
    this.#cpuBefore = cpuBefore;
    this.#looking = this.#look();
  }

  static async start(pid: number): Promise<ServerWatch> {
    await resetPeak(pid);
    return new ServerWatch(pid, await cpuSecondsOf(pid));
  }

  /** Waits for a fork that ends later than whoever took its dump: until then its CPU is nobody's. */
  async stop(): Promise<Metrics> {
    const patience = AbortSignal.timeout(FORK_TIMEOUT_MS);
    while (!patience.aborted && (await childrenOf(this.#pid)).length > 0) await setTimeout(POLL_MS);
    this.#stopped.abort();
    await this.#looking;
    return {
      serverCpuSeconds: (await cpuSecondsOf(this.#pid)) - this.#cpuBefore,
      serverPeakBytes: await peakBytesOf(this.#pid),
      forkSeconds: this.#forkMs / 1000,
      copyOnWriteBytes: this.#copiedBytes,
    };
  }

  async #look(): Promise<void> {
    let [lookedAt, countAt] = [performance.now(), 0];
    while (!this.#stopped.signal.aborted) {
      const forks = await childrenOf(this.#pid);
      const now = performance.now();
      if (forks.length > 0) {
        this.#forkMs += now - lookedAt;
        if (now >= countAt) {
          const copied = await Promise.all(forks.map(privateDirtyBytesOf));
          this.#copiedBytes = Math.max(this.#copiedBytes, ...copied);
          const tookMs = performance.now() - now;
          countAt = now + Math.max(COUNT_POLL_MS, tookMs / COUNTING_SHARE);
        }
      }
      lookedAt = now;
      await setTimeout(POLL_MS);
    }
  }
}
