import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseAddress } from '../../agent/falkordb/address.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { untilIndexed } from '../../agent/falkordb/index-readiness.ts';
import { type ScratchServer, startScratch } from '../../agent/falkordb/scratch.ts';
import { batchesFor, fill } from '../graphs/fill.ts';
import type { GraphKind } from '../graphs/graph-kind.ts';
import type { Bench } from './bench.ts';

const FILL_ATTEMPTS = 3;
const SAVE_POLL_MS = 5;
/** A load of gigabytes with its indexes. */
const READY_TIMEOUT_MS = 3_600_000;

/** A server that holds one graph, on which contenders work in turn. */
export class Scene implements AsyncDisposable {
  readonly bench: Bench;
  readonly kind: GraphKind;
  readonly #folder: string;
  #server: ScratchServer;
  #batches = 0;

  private constructor(bench: Bench, kind: GraphKind, folder: string, server: ScratchServer) {
    this.bench = bench;
    this.kind = kind;
    this.#folder = folder;
    this.#server = server;
  }

  /**
   * FalkorDB 4.16.3 crashes now and then while it makes vectors, about once in some thousand batches: then once more.
   * @param dumpBytes what its dump is to take, about
   */
  static async open(bench: Bench, kind: GraphKind, dumpBytes: number): Promise<Scene> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(bench.folder, `${kind.name}-`));
      const scene = new Scene(bench, kind, folder, await start(folder));
      try {
        await scene.grow(dumpBytes);
        return scene;
      } catch (error) {
        await scene[Symbol.asyncDispose]();
        if (attempt === FILL_ATTEMPTS || scene.signal.aborted) throw error;
        bench.options.say(
          `${kind.name} | filling failed, once more: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
  }

  get server(): ScratchServer {
    return this.#server;
  }

  get batches(): number {
    return this.#batches;
  }

  /** The server's own dump, as it was saved last. */
  get dumpPath(): string {
    return join(this.#folder, 'dump.rdb');
  }

  get signal(): AbortSignal {
    return this.bench.options.signal;
  }

  /** Environment of an agent that works on this server. */
  get settings(): Record<string, string> {
    return this.bench.settings(this.#server.url);
  }

  /** Adds to the graph until its dump takes about so many bytes. */
  async grow(dumpBytes: number): Promise<void> {
    const to = batchesFor(this.kind, dumpBytes);
    using db = await this.connect();
    await fill(db, this.kind, { from: this.#batches, to, seed: this.bench.options.seed, signal: this.signal });
    this.#batches = Math.max(this.#batches, to);
    await this.save();
  }

  /** BGSAVE, to its end. */
  async save(): Promise<void> {
    using db = await this.connect();
    await db.call('BGSAVE');
    for (;;) {
      const { save } = await db.info();
      if (!save.running && save.lastStatusOk) return;
      if (!save.running) throw new Error('BGSAVE failed');
      await setTimeout(SAVE_POLL_MS, undefined, { signal: this.signal });
    }
  }

  async dumpBytes(): Promise<number> {
    return (await stat(this.dumpPath)).size;
  }

  /** Stops the server, lets `replaceDump` put another dump into its place, and starts it again. */
  async restart(replaceDump: () => Promise<void>): Promise<void> {
    await this.#server.stop();
    await replaceDump();
    this.#server = await start(this.#folder);
  }

  async untilIndexed(): Promise<void> {
    using db = await this.connect();
    await untilIndexed(db, { onProgress: () => {}, signal: this.signal });
  }

  async connect(): Promise<Database> {
    const address = parseAddress(this.#server.url);
    if (!address) throw new Error(`no address: ${this.#server.url}`);
    return Database.connect(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function start(folder: string): Promise<ScratchServer> {
  return startScratch({ folder, config: SERVER_CONFIG, readyTimeoutMs: READY_TIMEOUT_MS });
}

/** By default a server waits 5 s for further replicas before it begins; who uses the replication source sets this. */
const SERVER_CONFIG = { 'repl-diskless-sync-delay': '0' };
