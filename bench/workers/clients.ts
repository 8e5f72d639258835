/*
 * The clients of a database, in a process of their own: what the bench does must not be seen in their latencies. They
 * send at a constant rate whether the server answers or not, as clients do that do not know of each other; so a request
 * that a stall holds up counts with all of its waiting, and so does each one that comes meanwhile.
 */
import { Redis } from 'ioredis';
import { GRAPH, GRAPH_KINDS } from '../graphs/fill.ts';
import type { Load } from '../graphs/graph-kind.ts';
import { seeded } from '../graphs/random.ts';
import { Recorder } from '../load/latencies.ts';
import type { FromClients, ToClients } from '../load/protocol.ts';

const CONNECTIONS = 8;
/** Requests under way on each connection while the limit is sought. */
const SATURATING = 4;
/** The finest that a timer of Node gives. */
const TICK_MS = 1;

class Clients {
  readonly #connections: Redis[];
  readonly #load: Load;
  readonly #batches: number;
  readonly #next: () => number;
  readonly #reads = new Recorder();
  readonly #writes = new Recorder();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor({ url, kind, batches, seed }: Extract<ToClients, { say: 'open' }>) {
    const load = GRAPH_KINDS.find(({ name }) => name === kind)?.load;
    if (!load) throw new Error(`nobody queries a graph of the kind ${kind}`);
    this.#load = load;
    this.#batches = batches;
    this.#next = seeded(seed);
    // Whoever is hung up on comes again, and what was under way is not sent twice.
    const options = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, retryStrategy: () => 50 };
    this.#connections = Array.from({ length: CONNECTIONS }, () => {
      const connection = new Redis(url, options);
      // Requests fail, and are counted.
      connection.on('error', () => {});
      return connection;
    });
  }

  async saturate(seconds: number, writeShare: number): Promise<number> {
    const end = performance.now() + seconds * 1000;
    let answered = 0;
    const keepAsking = async () => {
      while (performance.now() < end) {
        await this.#send(writeShare);
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS * SATURATING }, keepAsking));
    return answered / seconds;
  }

  go(perSecond: number, writeShare: number): void {
    clearInterval(this.#timer);
    const startedAt = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
      for (; sent < due; sent++) void this.#send(writeShare);
    }, TICK_MS);
  }

  begin(): void {
    this.#reads.begin();
    this.#writes.begin();
  }

  end(): FromClients {
    return { reads: this.#reads.end(), writes: this.#writes.end() };
  }

  async #send(writeShare: number): Promise<void> {
    const isWrite = this.#next() < writeShare;
    const query = isWrite ? this.#load.write : this.#load.read;
    const recorder = isWrite ? this.#writes : this.#reads;
    const connection = this.#connections[this.#turn++ % CONNECTIONS];
    const sentAt = performance.now();
    try {
      const command = isWrite ? 'GRAPH.QUERY' : 'GRAPH.RO_QUERY';
      await connection?.call(command, GRAPH, query(this.#next, this.#batches), '--compact');
      recorder.answered(sentAt);
    } catch {
      recorder.failed(sentAt);
    }
  }
}

let clients: Clients | undefined;

process.on('message', async (message: ToClients) => {
  if (message.say === 'open') clients = new Clients(message);
  if (message.say === 'go') clients?.go(message.perSecond, message.writeShare);
  if (message.say === 'begin') clients?.begin();
  const perSecond =
    message.say === 'saturate' ? await clients?.saturate(message.seconds, message.writeShare) : undefined;
  const ended = message.say === 'end' ? clients?.end() : undefined;
  process.send?.({ ...(perSecond === undefined ? {} : { perSecond }), ...ended } satisfies FromClients);
});
