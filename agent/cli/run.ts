import type { Command } from 'commander';
import { loadTargets } from '../service/load-targets.ts';
import { LocalService } from '../service/local-service.ts';
import { ServiceMetrics } from '../service/metrics.ts';
import { TOOL } from '../tool.ts';
import { LogBuffer } from '../web/log-buffer.ts';
import { readTail } from '../web/read-tail.ts';
import { startWebServer } from '../web/web-server.ts';
import type { Cli } from './cli.ts';
import { openLogging } from './logging.ts';
import { addCommonOptions, sourcesOf } from './session.ts';

const LOG_TAIL_BYTES = 1_000_000;

export function runCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command.description(
      'Look after one or several FalkorDBs until it is stopped: backups by schedule, watchdog, dashboard',
    ),
    'database',
    'scratch',
    'restore',
    'events',
    'service',
  )
    .addHelpText(
      'after',
      `
Schedules, retention and all else are settings (docs/configuration.md). What was due while it did not run is made up for
once. SIGTERM ends it when what is at work has ended, or after --stop-timeout seconds.

Examples:
  $ falkordb-backup run --store file:///var/backups/falkordb
  $ BACKUP_SCHEDULE_DAILY="15 1 * * *" BACKUP_TIME_ZONE=Europe/Berlin falkordb-backup run --settings backup.env
  $ BACKUP_DASHBOARD_TOKEN_FILE=/run/secrets/token falkordb-backup run --listen 0.0.0.0:8090
  $ falkordb-backup run --targets-file targets.json`,
    )
    .action(() => serve(command, cli));
}

/** Until it is told to stop. @throws invalid-settings, also where the port is taken */
async function serve(command: Command, cli: Cli): Promise<void> {
  const targets = loadTargets(sourcesOf(cli, command));
  const [{ config }] = targets;
  const { listen, dashboardToken: token, dashboardUrl: publicUrl, refreshSeconds, stopTimeoutSeconds } = config.service;
  const logs = new LogBuffer();
  const unread = config.logFile && seed(logs, config.logFile.path);
  using logging = openLogging(cli, config, {}, [logs]);
  const { log } = logging;
  if (unread) log.warn({ err: unread }, 'What the log file holds cannot be shown on the dashboard');
  try {
    const service = new LocalService(targets, { stopTimeoutSeconds, log });
    const metrics = new ServiceMetrics(service, cli.now);
    const server = await startWebServer({
      ...{ service, logs, listen, token, publicUrl, refreshSeconds, log },
      now: cli.now,
      metrics: () => metrics.text(),
    });
    try {
      const names = targets.map(({ name }) => name);
      announce(cli, command, { url: server.url, targets: names });
      log.info({ url: server.url, targets: names, version: TOOL.version }, 'The service has started');
      await service.run(cli.signal);
      log.info('The service has ended');
    } finally {
      await server.close();
    }
  } catch (error) {
    logging.logFailure(error);
    throw error;
  }
}

/** With what earlier processes have written. @returns why it could not be read */
function seed(logs: LogBuffer, path: string): unknown {
  try {
    logs.seed(readTail(path, LOG_TAIL_BYTES));
    return undefined;
  } catch (error) {
    return error;
  }
}

/** One line, so that who starts it can read where it is. */
function announce(cli: Cli, command: Command, { url, targets }: { url: string; targets: string[] }): void {
  const json = JSON.stringify({ status: 'running', url, targets });
  cli.stdout.write(`${command.opts().json ? json : `Looking after ${targets.join(', ')}. Dashboard: ${url}`}\n`);
}
