import { parseEnv } from 'node:util';
import { BackupError } from '../core/model/errors.ts';
import type { Setting } from '../core/model/setting.ts';
import { SETTINGS, type SettingName, type SettingValues } from '../core/model/settings.ts';

export interface SettingSources {
  /** By flag name (`data-dir`). */
  flags: Record<string, string>;
  env: Record<string, string | undefined>;
  /** A settings file's text and its name for messages. */
  file?: { name: string; text: string };
}

const ENTRIES = Object.entries(SETTINGS) as [SettingName, Setting][];

export interface ResolvedSettings {
  /** Complete only where there is no problem. */
  values: Partial<SettingValues>;
  /** What is wrong, a sentence each. */
  problems: string[];
}

/** The names that are given a value, by the environment's names, wherever that is. */
export function namesGiven({ flags, env, file }: SettingSources): Set<string> {
  const fileValues: Record<string, string | undefined> = file ? parseEnv(file.text) : {};
  const isGiven = ({ flag, env: name }: Setting) =>
    [flag && flags[flag], env[name], fileValues[name]].some((text) => text !== undefined && text !== '');
  return new Set(ENTRIES.filter(([, setting]) => isGiven(setting)).map(([, { env: name }]) => name));
}

/** Flag over environment over file over default. An empty value counts as not set, as compose files pass them. */
export function resolveSettings({ flags, env, file }: SettingSources): ResolvedSettings {
  const fileValues: Record<string, string | undefined> = file ? parseEnv(file.text) : {};
  const problems = file ? unknownNames(fileValues, file.name) : [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const [name, setting] of ENTRIES) {
    const source = [
      { from: `--${setting.flag}`, text: setting.flag && flags[setting.flag] },
      { from: setting.env, text: env[setting.env] },
      { from: `${setting.env} in ${file?.name}`, text: fileValues[setting.env] },
      { from: setting.env, text: setting.default },
    ].find(({ text }) => text !== undefined && text !== '');
    if (!source?.text) continue;
    const parsed = setting.schema.safeParse(source.text);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(
        `${source.from} ${parsed.error.issues.map(({ message }) => message).join(', ')}${shown(setting, source.text)}`,
      );
  }
  return { values: values as Partial<SettingValues>, problems };
}

export function invalidSettings(problems: string[]): BackupError {
  return new BackupError(
    'invalid-settings',
    `Wrong settings:${problems.map((problem) => `\n  - ${problem}`).join('')}`,
    {
      hint: 'docs/configuration.md lists all settings; --help those of a command.',
    },
  );
}

function unknownNames(values: Record<string, unknown>, fileName: string): string[] {
  const known = new Set(ENTRIES.map(([, { env }]) => env));
  return (
    Object.keys(values)
      .filter((name) => !known.has(name))
      // What is no name at all may be a secret in a file of another kind.
      .map((name) => `${/^[A-Z][A-Z0-9_]*$/.test(name) ? name : 'a line'} in ${fileName} is no setting`)
  );
}

function shown(setting: Setting, text: string): string {
  // A password may have been put where none belongs.
  return setting.secret ? '' : ` (it is "${text.replaceAll(/\/\/[^/\s]*@/g, '//…@')}")`;
}
