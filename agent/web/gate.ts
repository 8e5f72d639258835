import { setImmediate } from 'node:timers/promises';
import { Refusal } from './refusal.ts';

const MAX_WITHIN = 64;

/**
 * So many requests of the API at once, and in each turn of the event loop one is begun: the agent, which backs up and keeps
 * its leases meanwhile, stands still for no longer than one answer takes, however many ask.
 */
export class Gate {
  #within = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @throws Refusal 503; as `work` */
  async pass(work: () => Promise<void>): Promise<void> {
    if (this.#within >= MAX_WITHIN) throw tooBusy();
    this.#within += 1;
    try {
      this.#turn = this.#turn.then(() => setImmediate());
      await this.#turn;
      await work();
    } finally {
      this.#within -= 1;
    }
  }
}

function tooBusy(): Refusal {
  return new Refusal(503, 'too-busy', `More than ${MAX_WITHIN} requests are being answered already.`, {
    hint: 'Try again in 2 s.',
    headers: { 'Retry-After': '2' },
  });
}
