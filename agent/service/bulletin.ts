import type { Logger } from 'pino';
import type { Change } from './port.ts';

/** Tells whoever listens of each change, at once. */
export class Bulletin {
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Never throws: no run is worse for who looks on. */
  publish(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error({ err: error }, 'What goes on could not be shown');
      }
    }
  }

  /** @returns what ends it */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
