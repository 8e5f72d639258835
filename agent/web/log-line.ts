import type { LogLine } from './api.ts';

/** A longer one is kept without its fields. */
const MAX_LENGTH = 64 * 1024;
const MAX_MESSAGE = 2000;

/** Pino's numbers, for lines of loggers that write those. */
const LEVEL_OF_NUMBER: [atLeast: number, LogLine['level']][] = [
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
];
const LEVEL_OF_WORD = new Map<unknown, LogLine['level']>([
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['fatal', 'error'],
]);

/** A line as pino writes it; undefined where it is none, such as one that was cut off. */
export function parseLogLine(text: string): Omit<LogLine, 'seq'> | undefined {
  const record = parseRecord(text);
  if (!record) return undefined;
  const { time, level, msg, target, runId, backupId, ...fields } = record;
  const at = timeOf(time);
  if (at === undefined) return undefined;
  const message = typeof msg === 'string' ? msg : '';
  const isLong = text.length > MAX_LENGTH;
  return {
    at,
    level: levelOf(level),
    message: isLong ? message.slice(0, MAX_MESSAGE) : message,
    target: textOf(target),
    runId: textOf(runId),
    backupId: textOf(backupId),
    fields: isLong ? { cut: `a line of ${text.length} characters` } : fields,
  };
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(time: unknown): string | undefined {
  const date = typeof time === 'string' || typeof time === 'number' ? new Date(time) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function levelOf(level: unknown): LogLine['level'] {
  if (typeof level === 'number') return LEVEL_OF_NUMBER.find(([atLeast]) => level >= atLeast)?.[1] ?? 'debug';
  return LEVEL_OF_WORD.get(level) ?? 'info';
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
