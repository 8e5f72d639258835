import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import type { EventSink } from '../../core/alerts/event-sink.ts';
import { BackupError } from '../../core/model/errors.ts';
import { newRunId, runIdSchema } from '../../core/model/run-id.ts';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { streamUpload } from '../../core/store/s3/stream-upload.ts';
import { type Config, type ConfigSources, loadConfig } from '../config.ts';
import { reporting } from '../metrics/report-command.ts';
import type { OnProgress } from '../progress.ts';
import { openSinks } from '../telling.ts';
import type { Cli } from './cli.ts';
import { openLogging } from './logging.ts';
import { createProgressDisplay } from './progress-display.ts';

/** What a verb works with, once its flags and settings were found right. */
export interface Session {
  /** What each line of its log carries. A verb that is recorded as a run is recorded under it. */
  runId: string;
  config: Config;
  store: ObjectStore;
  sinks: EventSink[];
  log: Logger;
  onProgress: OnProgress;
  signal: AbortSignal;
  now: () => Date;
}

/** What a verb answers with. */
export interface Answer {
  /** Printed with --json; its shape is documented in docs/cli.md. */
  json: unknown;
  text: string;
  /** 0 by default. */
  exitCode?: number;
}

const FLAGGED: Setting[] = Object.values(SETTINGS).filter((setting) => 'flag' in setting);

/** What a verb may work with, by the flags that are about it. */
const USES = {
  store: /^(target|store|log-level|log-file|s3-.*)$/,
  scratch: /^(scratch-dir|engine-dir|timeout)$/,
  database: /^(url|password-file|ca-file|data-dir|source|compression|busy-timeout|save-timeout|timeout)$/,
  events: /^(event-bus|notices|webhook-.*)$/,
  restore: /^(state-dir|advertise|tls-cert-file|tls-key-file)$/,
  metrics: /^metrics-file$/,
  service: /^(stop-timeout|listen|dashboard-token-file|dashboard-url|refresh|targets-file)$/,
};

/** Gives the verb --json and the flags of the settings it uses; every verb uses the store. */
export function addCommonOptions(command: Command, ...uses: Exclude<keyof typeof USES, 'store'>[]): Command {
  command.option('--json', 'print the result as JSON').option('--settings <file>', 'file of NAME=value lines');
  for (const setting of FLAGGED) {
    const { flag = '' } = setting;
    if (USES.store.test(flag) || uses.some((use) => USES[use].test(flag))) command.addOption(optionOf(setting));
  }
  return command;
}

/**
 * Runs `body` with a session made from the verb's flags and the environment, and prints its answer.
 * @param asRun the id of the run, where it is not that of the flag --run-id
 * @throws invalid-settings, invalid-argument, and as `body`
 */
export async function inSession(
  cli: Cli,
  command: Command,
  body: (session: Session) => Promise<Answer>,
  asRun?: string,
): Promise<void> {
  const { runId: givenId = asRun } = command.opts<{ runId?: string }>();
  const config = loadConfig(sourcesOf(cli, command));
  const runId = givenId === undefined ? newRunId(cli.now()) : parseRunId(givenId);
  using logging = openLogging(cli, config, { runId });
  const { log } = logging;
  const display = createProgressDisplay(cli, log);
  const { onProgress } = display;
  try {
    const store = openStore(config.storeUrl, { s3: config.s3, streamUpload });
    const { signal, now } = cli;
    const session = { runId, config, store, sinks: openSinks(config), log, onProgress, signal, now };
    await reporting(metricsFileOf(command, config), command.name(), { ...session, target: config.target }, async () => {
      const answer = await body(session);
      display.stop();
      print(cli, command, answer);
      cli.exitCode = answer.exitCode ?? 0;
      return cli.exitCode;
    });
  } catch (error) {
    logging.logFailure(error);
    throw error;
  } finally {
    display.stop();
  }
}

/** Where the settings of this command line come from. */
export function sourcesOf({ env }: Pick<Cli, 'env'>, command: Command): ConfigSources {
  const flags = Object.fromEntries(
    FLAGGED.flatMap((setting) => {
      const value: unknown = command.getOptionValue(optionOf(setting).attributeName());
      return typeof value === 'string' && setting.flag ? [[setting.flag, value]] : [];
    }),
  );
  return { flags, env, settingsFile: command.opts<{ settings?: string }>().settings };
}

/** Undefined for the verbs that write none, whatever the environment says. */
function metricsFileOf(command: Command, { metricsFile }: Config): string | undefined {
  return command.options.some(({ long }) => long === '--metrics-file') ? metricsFile : undefined;
}

function print({ stdout }: Cli, command: Command, { json, text }: Answer): void {
  stdout.write(`${command.opts().json ? JSON.stringify(json, null, 2) : text}\n`);
}

function optionOf(setting: Setting): Option {
  const fallback = setting.default === undefined ? '' : `, default ${setting.default}`;
  return new Option(`--${setting.flag} <value>`, `${setting.description} (${setting.env}${fallback})`);
}

/** @throws invalid-argument */
function parseRunId(text: string): string {
  const parsed = runIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new BackupError('invalid-argument', `--run-id "${text}" is no run id.`, {
    hint: parsed.error.issues.map(({ message }) => message).join(', '),
  });
}
