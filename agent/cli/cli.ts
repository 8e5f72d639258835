import type { Readable, Writable } from 'node:stream';

/** All of the process that the command line touches, so that nothing else does. */
export interface Cli {
  /** How a user would call this program here, for the commands it prints. */
  program: string;
  env: Record<string, string | undefined>;
  /** Questions are asked only where a person sits at it. */
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable;
  stderr: Writable & { isTTY?: boolean };
  now: () => Date;
  /** Aborted with an `interrupted` error by SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** What the process is to end with; a verb that has run to its end sets it. */
  exitCode: number;
}
