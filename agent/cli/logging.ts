import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Cli } from './cli.ts';

/** Lines for people on a terminal, JSON lines elsewhere; always on stderr, because stdout is for results. */
export function createLogger({ stderr }: Cli, level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!stderr.isTTY) return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, stderr);
  return pino(
    options,
    pretty({
      destination: stderr,
      sync: true,
      singleLine: true,
      ignore: 'runId,backupId',
      translateTime: 'SYS:HH:MM:ss',
    }),
  );
}
