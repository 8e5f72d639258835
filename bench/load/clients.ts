import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Scene } from '../scene/scene.ts';
import type { Latencies } from './latencies.ts';
import type { FromClients, ToClients } from './protocol.ts';

const WORKER = join(import.meta.dirname, '../workers/clients.ts');

/** Clients of the scene's server, in a process of their own. */
export class Clients implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async open(scene: Scene): Promise<Clients> {
    const clients = new Clients(fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
    const { kind, batches, server, bench } = scene;
    await clients.#ask({ say: 'open', url: server.url, kind: kind.name, batches, seed: bench.options.seed });
    return clients;
  }

  /** Requests a second that the server answers at most. */
  async saturate(seconds: number, writeShare: number): Promise<number> {
    return (await this.#ask({ say: 'saturate', seconds, writeShare })).perSecond ?? 0;
  }

  async go(perSecond: number, writeShare: number): Promise<void> {
    await this.#ask({ say: 'go', perSecond, writeShare });
  }

  async begin(): Promise<void> {
    await this.#ask({ say: 'begin' });
  }

  /** Of the time since `begin`. */
  async end(): Promise<{ reads: Latencies; writes: Latencies }> {
    const { reads, writes } = await this.#ask({ say: 'end' });
    if (!reads || !writes) throw new Error('the clients gave no latencies');
    return { reads, writes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  async #ask(message: ToClients): Promise<FromClients> {
    const gone = new AbortController();
    const died = once(this.#process, 'close', { signal: gone.signal }).then(() => {
      throw new Error('the process of the clients ended');
    });
    const answer = once(this.#process, 'message', { signal: gone.signal });
    this.#process.send(message);
    try {
      const [received] = await Promise.race([answer, died]);
      return received as FromClients;
    } finally {
      died.catch(() => {});
      answer.catch(() => {});
      gone.abort();
    }
  }
}
