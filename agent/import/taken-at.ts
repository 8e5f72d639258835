import { BackupError } from '../../core/model/errors.ts';
import type { RdbHeader } from '../pipeline/rdb-header.ts';

/** A script takes its time between noting it and the save; clocks differ by less, too. */
const DISAGREEMENT_MS = 5 * 60_000;

export interface TimeSources {
  /** By the user. */
  given: Date | undefined;
  /** By the description beside the file. */
  noted: Date | undefined;
  /** By the dump itself. */
  stamped: Date | undefined;
}

/** When the server says that it began the save; undefined where it does not. */
export function stampOf({ aux }: RdbHeader): Date | undefined {
  const seconds = Number(aux.get('ctime') ?? 0);
  return Number.isSafeInteger(seconds) && seconds > 0 ? new Date(seconds * 1000) : undefined;
}

/**
 * When the dump was taken: who knows better goes first.
 * @returns a warning where the dump itself says something else
 * @throws invalid-argument where nobody says it, or it is yet to come
 */
export function chooseTakenAt(
  { given, noted, stamped }: TimeSources,
  name: string,
  now: Date,
): { takenAt: Date; warnings: string[] } {
  const takenAt = given ?? noted ?? stamped;
  if (!takenAt) {
    throw new BackupError('invalid-argument', `${name} does not say when it was taken.`, {
      hint: 'Say it with --taken-at, in ISO 8601 with its zone: 2026-11-22T02:30:00Z.',
    });
  }
  const who = given ? '--taken-at' : noted ? 'its .meta' : 'the dump itself';
  if (takenAt.getTime() > now.getTime() + (given ? 0 : DISAGREEMENT_MS)) {
    throw new BackupError(
      'invalid-argument',
      `${name} was not taken yet: ${who} says ${shown(takenAt)}, and it is ${shown(now)}.`,
      {
        hint: given
          ? 'Give the time at which it was taken.'
          : 'Check the clock of this host, or say it with --taken-at.',
      },
    );
  }
  const isContradicted = stamped && Math.abs(stamped.getTime() - takenAt.getTime()) > DISAGREEMENT_MS;
  const warnings = isContradicted
    ? [`By ${who} it was taken at ${shown(takenAt)}, by the dump itself at ${shown(stamped)}.`]
    : [];
  return { takenAt, warnings };
}

function shown(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
