import { percentile } from '../observe/statistics.ts';

/** How long requests of one kind took in one window of time. */
export interface Latencies {
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
  perSecond: number;
  failed: number;
  /** Between two answers, or between one and the window's edge. */
  longestGapMs: number;
}

/** Collects the answers to requests of one kind. */
export class Recorder {
  #startedAt = performance.now();
  #answeredAt = this.#startedAt;
  #longestGapMs = 0;
  #failed = 0;
  #latencies: number[] = [];

  begin(): void {
    this.#startedAt = performance.now();
    this.#answeredAt = this.#startedAt;
    this.#longestGapMs = 0;
    this.#failed = 0;
    this.#latencies = [];
  }

  answered(sentAt: number): void {
    // Sent before the window: it belongs to what was before.
    if (sentAt < this.#startedAt) return;
    const now = performance.now();
    this.#latencies.push(now - sentAt);
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#answeredAt);
    this.#answeredAt = now;
  }

  failed(sentAt: number): void {
    if (sentAt >= this.#startedAt) this.#failed += 1;
  }

  end(): Latencies {
    const now = performance.now();
    return {
      p50Ms: percentile(this.#latencies, 0.5),
      p99Ms: percentile(this.#latencies, 0.99),
      p999Ms: percentile(this.#latencies, 0.999),
      maxMs: percentile(this.#latencies, 1),
      perSecond: this.#latencies.length / ((now - this.#startedAt) / 1000),
      failed: this.#failed,
      longestGapMs: Math.max(this.#longestGapMs, now - this.#answeredAt),
    };
  }
}
