import { BackupError } from '../core/model/errors.ts';
import { runCommandLine } from './cli/program.ts';
import { givesWay, giveWay } from './give-way.ts';

const EXIT_WITHIN_MS = 5_000;

if (givesWay(process.argv.slice(2))) giveWay();
const stop = new AbortController();
const interrupt = (signal: NodeJS.Signals) => {
  stop.abort(
    new BackupError('interrupted', `Stopped by ${signal}.`, {
      hint: 'Nothing half-done counts; run the command again.',
      retryable: true,
    }),
  );
};
process.once('SIGINT', interrupt).once('SIGTERM', interrupt).once('SIGHUP', interrupt);
// A reader that goes away (`| head`, a log collector that restarts) must not end a backup.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

const cli = {
  // In a clone there is no command of that name, and the system's Node may be too old for TypeScript.
  program: import.meta.url.endsWith('/agent/main.ts') ? 'npm run -s agent --' : 'falkordb-backup',
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
  signal: stop.signal,
  exitCode: 0,
};
await runCommandLine(process.argv.slice(2), cli);
process.exitCode = cli.exitCode;
// A connection that hangs must not keep alive a command that has ended.
setTimeout(() => process.exit(), EXIT_WITHIN_MS).unref();
