import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { systemErrorCode } from '../../core/model/errors.ts';
import { type MetricName, type Sample, sample } from './definitions.ts';
import { withFileLock } from './file-lock.ts';
import { keepEarliest } from './first-seen.ts';
import { parseSamples, toRegistry } from './registry.ts';

/** How a command has ended. */
export interface CommandEnd {
  target: string;
  verb: string;
  exitCode: number;
  at: Date;
  version: string;
}

/** What the store told. */
export interface StoreAnswer {
  samples: Sample[];
  /** Where it is not, what is missing stays as the file has it. */
  isWhole: boolean;
}

const OF_COMMANDS: readonly MetricName[] = [
  'falkordb_backup_command_exit_code',
  'falkordb_backup_command_timestamp_seconds',
];

/**
 * Writes the file that node_exporter's textfile collector reads, whole or not at all. What this command does not know
 * stays as the file had it: how other verbs have ended, and what the store told the last time that it told all.
 * Commands that end at the same time take turns.
 * @throws the system's error where the file cannot be written, deadline where others write it all the time
 */
export async function writeTextfile(path: string, end: CommandEnd, answer: StoreAnswer): Promise<void> {
  await withFileLock(`${path}.lock`, async () => {
    const merged = merge(parseSamples(await readIfPresent(path)), end, answer);
    await replaceFile(path, await toRegistry(merged).metrics());
  });
}

function merge(before: Sample[], end: CommandEnd, { samples, isWhole }: StoreAnswer): Sample[] {
  const { target, verb, version } = end;
  const fresh = [sample('falkordb_backup_info', { target, version }, 1), ...commandSamples(end), ...samples];
  const known = new Set(fresh.map(({ name }) => name));
  const kept = before.filter(({ name, labels }) => {
    if (labels.target !== target) return false;
    return OF_COMMANDS.includes(name) ? labels.verb !== verb : !isWhole && !known.has(name);
  });
  return [...kept, ...keepEarliest(fresh, before)];
}

function commandSamples({ target, verb, exitCode, at }: CommandEnd): Sample[] {
  return [
    sample('falkordb_backup_command_exit_code', { target, verb }, exitCode),
    sample('falkordb_backup_command_timestamp_seconds', { target, verb }, at.getTime() / 1000),
  ];
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** The collector, which mostly runs as another user, reads `*.prom` and nothing else. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { flag: 'wx', flush: true });
    // Whatever the umask says.
    await chmod(temporary, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
