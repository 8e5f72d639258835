import defaults from './engine-defaults.json' with { type: 'json' };
import { atStartOnly, isAlias, isBoundToHost, toGraphValue } from './setting-kinds.ts';
import type { StoredState } from './state-file.ts';

export interface StateCommands {
  /** One line for redis-cli each, in the order in which they are to be run. */
  commands: string[];
  /** What a running server does not take, or what belongs to its host: for redis.conf, if at all. */
  atStart: { config: Record<string, string>; graphConfig: Record<string, string> };
}

/**
 * How the state of a backup is put back on a server of the same version that was just set up. Settings with that
 * version's own default are left out, where the version is one whose defaults are known here.
 */
export function stateCommands(state: StoredState, engine: { redis: string; falkordb: string }): StateCommands {
  const { config, graphConfig } = unusualSettings(state, engine);
  const [configNow, configAtStart] = split(config, (name) => !atStartOnly(name) && !isBoundToHost(name));
  const [graphNow, graphAtStart] = split(graphConfig, (name) => !atStartOnly(name));
  return {
    commands: [
      ...configNow.map(([name, value]) => line('CONFIG', 'SET', name, value)),
      ...graphNow
        .toSorted(byDependency)
        .map(([name, value]) => line('GRAPH.CONFIG', 'SET', name, toGraphValue(name, value))),
      // Who runs this may lose rights, or the way in, with the last ones: settings come first.
      ...(state.aclUsers ?? []).toSorted(defaultUserLast).map(aclCommand),
    ],
    atStart: { config: Object.fromEntries(configAtStart), graphConfig: Object.fromEntries(graphAtStart) },
  };
}

/** Settings that differ from the defaults of their version. */
export function unusualSettings(
  { config, graphConfig }: StoredState,
  engine: { redis: string; falkordb: string },
): { config: [string, string][]; graphConfig: [string, string][] } {
  const redis: Record<string, string> = engine.redis.startsWith('8.2.') ? defaults['redis 8.2'] : {};
  const graph: Record<string, string> = engine.falkordb.startsWith('4.16.') ? defaults['falkordb 4.16'] : {};
  return {
    config: Object.entries(config ?? {}).filter(([name, value]) => !isAlias(name) && redis[name] !== value),
    graphConfig: (graphConfig ?? []).filter(([name, value]) => graph[name] !== value),
  };
}

/** `user <name> <rules>` of ACL LIST as the command that makes this user again. */
function aclCommand(user: string): string {
  const [, name = '', ...rules] = wordsOf(user);
  return line('ACL', 'SETUSER', name, 'reset', ...rules);
}

/** A selector, `(~x +get)`, is one word though it has blanks. */
function wordsOf(user: string): string[] {
  const words: string[] = [];
  let isInSelector = false;
  for (const word of user.split(' ')) {
    if (isInSelector) words.push(`${words.pop()} ${word}`);
    else words.push(word);
    isInSelector = (isInSelector || word.startsWith('(')) && !word.endsWith(')');
  }
  return words;
}

function defaultUserLast(a: string, b: string): number {
  return Number(a.startsWith('user default ')) - Number(b.startsWith('user default '));
}

/** TIMEOUT_DEFAULT may not be larger than TIMEOUT_MAX. */
function byDependency([a]: [string, string], [b]: [string, string]): number {
  return Number(b === 'TIMEOUT_MAX') - Number(a === 'TIMEOUT_MAX');
}

function split<T>(entries: [string, T][], isFirst: (name: string) => boolean): [[string, T][], [string, T][]] {
  return [entries.filter(([name]) => isFirst(name)), entries.filter(([name]) => !isFirst(name))];
}

function line(...words: string[]): string {
  return words.map(quoteForRedisCli).join(' ');
}

/** A word as redis-cli reads it at its prompt and on its standard input (sdssplitargs of Redis); not for a shell. */
export function quoteForRedisCli(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a line of commands
  const control = /[\u0000-\u001f\u007f]/g;
  if (/^[\w.:/#@~&*+%|<>=,^!?$;-]+$/.test(word)) return word;
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${word.replaceAll(/["\\]/g, '\\$&').replaceAll(control, hex)}"`;
}
