import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { toBackupError } from '../../core/model/errors.ts';
import type { Config } from '../config.ts';
import { errorFields } from '../logging/error-fields.ts';
import { RotatingFile } from '../logging/rotating-file.ts';
import type { Cli } from './cli.ts';

/** The log of one command. */
export interface Logging extends Disposable {
  log: Logger;
  /** What ended the command; not for a terminal, where it is shown anyhow. */
  logFailure(error: unknown): void;
}

/**
 * Lines for people on a terminal, JSON lines elsewhere; always on stderr, because stdout is for results. JSON lines in the
 * log file, where there is one.
 * @param others that get JSON lines too
 */
export function openLogging(
  { stderr }: Pick<Cli, 'stderr'>,
  { logLevel: level, logFile }: Pick<Config, 'logLevel' | 'logFile'>,
  fields: Record<string, string>,
  others: DestinationStream[] = [],
): Logging {
  const options = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorFields },
    formatters: { level: (label: string) => ({ level: label }) },
  } satisfies LoggerOptions;
  const shown = stderr.isTTY ? readable(stderr) : stderr;
  const toStderr = pino(options, shown);
  const file =
    logFile &&
    new RotatingFile(logFile, (failed, error) =>
      toStderr.warn({ err: error, path: logFile.path }, `The log file cannot be ${failed}`),
    );
  const files = [...(file ? [file] : []), ...others];
  const failures = pino(options, several(stderr.isTTY ? files : [shown, ...files]));
  return {
    log: files.length > 0 ? pino(options, several([shown, ...files])) : toStderr,
    logFailure: (error) => {
      const { message } = toBackupError(error);
      failures.error({ err: error }, message);
    },
    [Symbol.dispose]: () => file?.close(),
  };
}

function readable(stderr: Cli['stderr']): DestinationStream {
  return pretty({
    destination: stderr,
    sync: true,
    singleLine: true,
    ignore: 'runId,backupId',
    translateTime: 'SYS:HH:MM:ss',
  });
}

function several(streams: DestinationStream[]): DestinationStream {
  return {
    write: (line) => {
      for (const stream of streams) stream.write(line);
    },
  };
}
