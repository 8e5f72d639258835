import type { DestinationStream } from 'pino';
import type { LogLine } from './api.ts';
import { parseLogLine } from './log-line.ts';
import { LOG_LEVELS, type LogsQuery } from './queries.ts';

const MAX_LINES = 5000;
const MAX_BYTES = 16_000_000;

interface Held {
  line: LogLine;
  /** What is searched, in lower case: made once, as anybody may search. */
  text: string;
  bytes: number;
}

/** The newest lines of the log, in memory: where pino writes to, and what the dashboard reads. */
export class LogBuffer implements DestinationStream {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #held: Held[] = [];
  #bytes = 0;
  #seq = 0;
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor({ maxLines = MAX_LINES, maxBytes = MAX_BYTES } = {}) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  /** Never throws: nobody's run is worse for it. What is no line of a log is left out. */
  write(text: string): void {
    for (const part of text.split('\n')) {
      const line = part === '' ? undefined : this.#keep(part);
      if (line) for (const listener of this.#listeners) listener(line);
    }
  }

  /** Takes up what an earlier process has written: before the first line of this one. */
  seed(text: string): void {
    for (const part of text.split('\n')) this.#keep(part);
  }

  /** @returns what ends it */
  subscribe(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The newest that match, newest last. */
  query({ target, runId, level, search, limit }: LogsQuery): LogLine[] {
    const atLeast = LOG_LEVELS.indexOf(level);
    const wanted = search?.toLowerCase();
    const found: LogLine[] = [];
    for (let index = this.#held.length - 1; index >= 0 && found.length < limit; index--) {
      const held = this.#held[index];
      if (!held) continue;
      const { line, text } = held;
      if (LOG_LEVELS.indexOf(line.level) < atLeast) continue;
      if (target !== undefined && line.target !== target) continue;
      if (runId !== undefined && line.runId !== runId) continue;
      if (wanted === undefined || text.includes(wanted)) found.push(line);
    }
    return found.reverse();
  }

  /** All that came after one of them, oldest first. */
  after(seq: number): LogLine[] {
    return this.#held.flatMap(({ line }) => (line.seq > seq ? [line] : []));
  }

  #keep(text: string): LogLine | undefined {
    const parsed = parseLogLine(text);
    if (!parsed) return undefined;
    this.#seq += 1;
    const line = { seq: this.#seq, ...parsed };
    const searched = textOf(line);
    // A character of a string takes up to two.
    const bytes = 2 * (JSON.stringify(line).length + searched.length);
    this.#held.push({ line, text: searched, bytes });
    this.#bytes += bytes;
    while (this.#held.length > this.#maxLines || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#held.shift()?.bytes ?? 0;
    }
    return line;
  }
}

function textOf({ message, target, runId, backupId, fields }: LogLine): string {
  return `${message}\n${target}\n${runId}\n${backupId}\n${JSON.stringify(fields)}`.toLowerCase();
}
