import { closeSync, fstatSync, readdirSync, renameSync, rmSync, type Stats, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../core/model/errors.ts';
import { asideName, endsWithLine, isAside, openLogFile } from './log-file.ts';

export interface LogFile {
  path: string;
  /** Where a line would go beyond it, the file is put aside, and a new one begun. */
  maxBytes: number;
  /** Of those put aside; at least 1. */
  kept: number;
}

const RETRY_AFTER_MS = 60_000;

/**
 * What the file cannot be. Called where it cannot be opened or a line is lost, and again only after one was written; where
 * it cannot be put aside, and again only after it was; each time that some of those put aside cannot be removed.
 */
export type OnFailure = (failed: 'written' | 'put aside' | 'rid of old ones', error: unknown) => void;

/**
 * A file of lines that several processes may write at once. A line is with the system before `write` returns: who is
 * killed has lost none. A file is put aside under a name of its own, so that two who do it in the same moment overwrite
 * nothing, and who still has it open sees so before the next line.
 */
export class RotatingFile {
  readonly #file: LogFile;
  readonly #onFailure: OnFailure;
  readonly #elapsedMs: () => number;
  #fd: number | undefined;
  #hasFailed = false;
  #isTorn = false;
  /** When it could not be put aside, the last time that this was tried. */
  #stuckSinceMs: number | undefined;
  #lastAsideMs = 0;

  /** Opens the file, so that nobody learns only by the first line that it cannot be written. Never throws. */
  constructor(file: LogFile, onFailure: OnFailure, elapsedMs = () => performance.now()) {
    this.#file = file;
    this.#onFailure = onFailure;
    this.#elapsedMs = elapsedMs;
    this.#trying(() => this.#reopen());
  }

  /** Never throws: a run is not worse for a line that is lost. */
  write(line: string): void {
    this.#trying(() => this.#append(line));
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #trying(work: () => void): void {
    try {
      work();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#onFailure('written', error);
      this.#hasFailed = true;
    }
  }

  #append(line: string): void {
    const fd = this.#fdFor(Buffer.byteLength(line));
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line);
    let written = 0;
    // All of it at once but where the disk is full, and in the order of the processes.
    while (written < bytes.length) {
      this.#isTorn ||= written > 0;
      written += writeSync(fd, bytes, written);
    }
    this.#isTorn = false;
  }

  #fdFor(bytes: number): number {
    const fd = this.#current();
    const stats = fstatSync(fd);
    if (stats.size === 0 || stats.size + bytes <= this.#file.maxBytes || !this.#putAside(stats)) return fd;
    const fresh = this.#reopen(stats);
    this.#removeOldest();
    return fresh;
  }

  /** What lies at the path now. */
  #current(): number {
    const { path } = this.#file;
    if (this.#fd !== undefined && isAt(path, fstatSync(this.#fd))) return this.#fd;
    return this.#reopen();
  }

  /** @returns whether it is no longer at the path */
  #putAside(full: Stats): boolean {
    const { path } = this.#file;
    const nowMs = this.#elapsedMs();
    if (this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs < RETRY_AFTER_MS) return false;
    // In order also within a millisecond, and where the clock was set back.
    this.#lastAsideMs = Math.max(Date.now(), this.#lastAsideMs + 1);
    try {
      if (isAt(path, full)) rename(path, asideName(path, new Date(this.#lastAsideMs)));
      this.#stuckSinceMs = undefined;
      return true;
    } catch (error) {
      // Such as in a folder of somebody else's, or a mount of its own: rather a file that is too large than none.
      if (this.#stuckSinceMs === undefined) this.#onFailure('put aside', error);
      this.#stuckSinceMs = nowMs;
      return false;
    }
  }

  #reopen(like?: Stats): number {
    this.close();
    const fd = openLogFile(this.#file.path, like);
    this.#fd = fd;
    this.#isTorn = !endsWithLine(fd);
    return fd;
  }

  #removeOldest(): void {
    const { path, kept } = this.#file;
    const folder = dirname(path);
    const failures: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        failures.push(error);
      }
    };
    attempt(() => {
      const names = readdirSync(folder).filter((name) => isAside(path, name));
      for (const name of names.toSorted().slice(0, -kept)) attempt(() => rmSync(join(folder, name), { force: true }));
    });
    if (failures.length > 0) this.#onFailure('rid of old ones', failures[0]);
  }
}

/** Another process may just have done it. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

function isAt(path: string, { dev, ino }: Stats): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.dev === dev && there.ino === ino;
}
