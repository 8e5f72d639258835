import type { LogLine } from '../../api.ts';

/** So many lines are on the page at most. */
export const MOST_LINES = 1000;

export interface LogFilter {
  target: string;
  runId: string;
  /** Lines of less weight are left out. */
  level: LogLine['level'];
  search: string;
}

export const LEVELS: LogLine['level'][] = ['debug', 'info', 'warn', 'error'];

/** Newest last, each once, no more than `MOST_LINES`. Lines come from the stream and from answers, in any order. */
export function addLines(lines: LogLine[], more: LogLine[]): LogLine[] {
  const last = lines.at(-1)?.seq ?? -1;
  const isLater = more.every(({ seq }, index) => seq > (more[index - 1]?.seq ?? last));
  if (isLater) return [...lines, ...more].slice(-MOST_LINES);
  const bySeq = new Map([...lines, ...more].map((line) => [line.seq, line]));
  return [...bySeq.values()].toSorted((a, b) => a.seq - b.seq).slice(-MOST_LINES);
}

/** Whether a line of the stream belongs among those that the server chose by the same filter. */
export function isShown(line: LogLine, { target, runId, level, search }: LogFilter): boolean {
  if (target !== '' && line.target !== target) return false;
  if (runId !== '' && line.runId !== runId) return false;
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false;
  return search === '' || searchedText(line).toLowerCase().includes(search.toLowerCase());
}

/** As the service searches it (agent/web/log-buffer.ts). */
function searchedText({ message, target, runId, backupId, fields }: LogLine): string {
  return `${message}\n${target}\n${runId}\n${backupId}\n${JSON.stringify(fields)}`;
}

/** `graphs=2 seconds=1.2`; what the message says already is left out of an error. */
export function fieldsText({ message, fields }: Pick<LogLine, 'message' | 'fields'>): string {
  return Object.entries(fields)
    .map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(withoutEcho(value, message))}`,
    )
    .join(' ');
}

function withoutEcho(value: unknown, message: string): unknown {
  if (typeof value !== 'object' || value === null || !('message' in value) || !('stack' in value)) return value;
  const { stack: _, message: own, ...rest } = value;
  return own === message ? rest : { message: own, ...rest };
}
