import { fstatSync, readSync } from 'node:fs';
import { totalmem } from 'node:os';
import { BackupError } from '../../core/model/errors.ts';

/** Each end of the log: crash reports are about 100 KB, and the versions stand at the beginning. */
const END_BYTES = 512 * 1024;
const TAIL_LINES = 12;

const LOADING = /Loading RDB produced by/;
const CRASH = /crashed by signal|ASSERTION FAILED|Guru Meditation/i;
/** Before it ends Redis checks the whole file, and that never ends where a module's value does not (seen on 8.2.3). */
const GIVEN_UP = /Internal error in RDB reading offset/;
/** By zmalloc of Redis, which FalkorDB allocates with too. */
const OUT_OF_MEMORY = /out of memory|can't allocate memory/i;
const ALLOCATION = /Out Of Memory allocating (\d+) bytes/;
/** rdb.c of Redis, and the module's own decoders. */
const REFUSAL =
  /Fatal error|Short read|Bad (?:data|file|object)|Wrong (?:RDB checksum|signature)|Internal error|Invalid LZF|Unexpected EOF|Terminating server|RDB ERROR DETECTED|not able to load/i;
/** The throw-away server is not one that can load it, whatever is in it. */
const WRONG_ENGINE =
  /Can't handle RDB format version \d+|no matching module type '[^']*'|is not forward compatible|unknown module type/i;

export interface EngineVersions {
  redis: string;
  falkordb: string;
}

/** The data itself could not be loaded: by which server, and why. */
export class UnloadableError extends BackupError {
  readonly engine: EngineVersions;

  constructor(engine: EngineVersions, message: string) {
    super('integrity', message, {
      hint: "The last lines of the server's log above say why. Use another backup, and keep this one for a report to FalkorDB.",
    });
    this.engine = engine;
  }
}

/** A server's log, as far as its beginning and its end. */
export class ServerLog {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** @param log its file descriptor. At once, so that nobody can close it in the middle */
  static read(log: number): ServerLog {
    const { size } = fstatSync(log);
    if (size <= 2 * END_BYTES) return new ServerLog(readAt(log, 0, size));
    return new ServerLog(`${readAt(log, 0, END_BYTES)}\n${readAt(log, size - END_BYTES, END_BYTES)}`);
  }

  get isLoading(): boolean {
    return LOADING.test(this.#text);
  }

  get hasCrashed(): boolean {
    return CRASH.test(this.#text);
  }

  get hasGivenUpLoading(): boolean {
    return GIVEN_UP.test(this.#text);
  }

  get engine(): EngineVersions {
    const find = (pattern: RegExp) => pattern.exec(this.#text)?.[1] ?? 'unknown';
    return { redis: find(/Redis version=([\d.]+)/), falkordb: find(/Starting up FalkorDB version ([\d.]+\d)/) };
  }

  /**
   * Why a server is not there, by what it wrote last.
   * @param what happened, for messages: "it ended by itself"
   * @param data what it was to load, for messages
   */
  explain(what: string, data: string): BackupError {
    const tail = `Its log ends with:\n${this.#tail}`;
    const { redis, falkordb } = this.engine;
    if (WRONG_ENGINE.test(this.#text)) {
      return new BackupError(
        'engine-missing',
        `The throw-away FalkorDB ${falkordb} on Redis ${redis} is not made for ${data}. ${tail}`,
        {
          hint: 'It was written by a newer FalkorDB, or with other modules: use an engine of the version that wrote it.',
        },
      );
    }
    const [, sinceLoading] = this.#text.split(LOADING);
    if (sinceLoading === undefined) {
      return new BackupError('engine-missing', `The throw-away server did not start: ${what}. ${tail}`, {
        hint: "Act on the last lines of the server's log above.",
      });
    }
    if (OUT_OF_MEMORY.test(sinceLoading) && !isAbsurd(sinceLoading)) {
      return new BackupError('no-room', `The throw-away server found no memory for ${data}. ${tail}`, {
        hint: 'Verify it on a machine with more memory.',
      });
    }
    if (isAbsurd(sinceLoading) || CRASH.test(sinceLoading) || REFUSAL.test(sinceLoading)) {
      return new UnloadableError(
        this.engine,
        `FalkorDB ${falkordb} on Redis ${redis} cannot load ${data}: ${what}. ${tail}`,
      );
    }
    return new BackupError(
      'database-failed',
      `The throw-away server vanished while it loaded ${data}: ${what}, without a word. ${tail}`,
      {
        hint: 'Most often the kernel ended it because memory ran out ("dmesg" tells). This says nothing about the backup.',
        retryable: true,
      },
    );
  }

  /** Without the stack, the registers and what follows them: nobody can act on those. */
  get #tail(): string {
    const end = this.#text.search(/^-+ STACK TRACE -+/m);
    const told = end < 0 ? this.#text : this.#text.slice(0, end);
    return told.trim().split('\n').slice(-TAIL_LINES).join('\n');
  }
}

/** A damaged length makes it ask for what no machine has; there was room for the data as a whole when it started. */
function isAbsurd(log: string): boolean {
  return Number(ALLOCATION.exec(log)?.[1] ?? 0) > totalmem();
}

function readAt(log: number, position: number, length: number): string {
  const buffer = Buffer.alloc(length);
  return buffer.toString('utf8', 0, readSync(log, buffer, { position }));
}
