import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { BackupError } from '../../core/model/errors.ts';
import { runIdSchema } from '../../core/model/run-id.ts';
import { SETTINGS, type Setting } from '../../core/model/settings.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { streamUpload } from '../../core/store/s3/stream-upload.ts';
import { type Config, loadConfig } from '../config.ts';
import type { OnProgress } from '../progress.ts';
import type { Cli } from './cli.ts';
import { createLogger } from './logging.ts';
import { createProgressDisplay } from './progress-display.ts';

/** What a verb works with, once its flags and settings were found right. */
export interface Session {
  config: Config;
  store: ObjectStore;
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
  store: /^(target|store|log-level|s3-.*)$/,
  scratch: /^(scratch-dir|timeout)$/,
  database: /^(url|password-file|ca-file|data-dir|source|compression|busy-timeout|save-timeout|timeout)$/,
  restore: /^(state-dir|advertise|tls-cert-file|tls-key-file)$/,
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

/** Runs `body` with a session made from the verb's flags and the environment, and prints its answer. */
export async function inSession(
  cli: Cli,
  command: Command,
  body: (session: Session) => Promise<Answer>,
): Promise<void> {
  const flags = Object.fromEntries(
    FLAGGED.flatMap((setting) => {
      const value: unknown = command.getOptionValue(optionOf(setting).attributeName());
      return typeof value === 'string' && setting.flag ? [[setting.flag, value]] : [];
    }),
  );
  const { settings } = command.opts<{ settings?: string }>();
  const config = loadConfig({ flags, env: cli.env, ...(settings === undefined ? {} : { settingsFile: settings }) });
  const log = createLogger(cli, config.logLevel);
  const display = createProgressDisplay(cli, log);
  const { onProgress } = display;
  try {
    const store = openStore(config.storeUrl, { s3: config.s3, streamUpload });
    const answer = await body({ config, store, log, onProgress, signal: cli.signal, now: cli.now });
    display.stop();
    print(cli, command, answer);
    cli.exitCode = answer.exitCode ?? 0;
  } finally {
    display.stop();
  }
}

function print({ stdout }: Cli, command: Command, { json, text }: Answer): void {
  stdout.write(`${command.opts().json ? JSON.stringify(json, null, 2) : text}\n`);
}

function optionOf(setting: Setting): Option {
  const fallback = setting.default === undefined ? '' : `, default ${setting.default}`;
  return new Option(`--${setting.flag} <value>`, `${setting.description} (${setting.env}${fallback})`);
}

/** @throws invalid-argument */
export function parseRunId(text: string): string {
  const parsed = runIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new BackupError('invalid-argument', `--run-id "${text}" is no run id.`, {
    hint: parsed.error.issues.map(({ message }) => message).join(', '),
  });
}
