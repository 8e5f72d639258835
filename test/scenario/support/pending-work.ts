/** What goes on without anybody who waits for it, and what was not understood meanwhile. */
export class PendingWork {
  readonly #pending = new Set<Promise<void>>();
  readonly #oddities: unknown[] = [];

  follow(work: Promise<void>): void {
    const followed = work.catch((error: unknown) => this.report(error)).finally(() => this.#pending.delete(followed));
    this.#pending.add(followed);
  }

  /** Of something that the stand-ins do not know: the test has failed, whatever becomes of the call. */
  report(error: unknown): void {
    this.#oddities.push(error);
  }

  get oddities(): string[] {
    return this.#oddities.map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }

  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
