import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { CatalogEntry } from '../../core/catalog/catalog.ts';

/** `18.4 MB` */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: 1 });
}

/** `3h ago`, or `in 3h` for what is to come. */
export function formatAge(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime();
  const length = prettyMilliseconds(Math.abs(ms), { compact: true });
  return ms < 0 ? `in ${length}` : `${length} ago`;
}

/** `2026-11-22T02:30:00Z (3h ago)` */
export function formatTime(time: Date, now: Date): string {
  return `${time.toISOString().slice(0, 19)}Z (${formatAge(time, now)})`;
}

export function formatSeconds(seconds: number): string {
  return prettyMilliseconds(seconds * 1000);
}

/** `loaded 3h ago`, `FAILED 3h ago`, or `-` where it was never loaded. */
export function formatVerified(verified: CatalogEntry['verified'], now: Date): string {
  if (!verified) return '-';
  const outcome = verified.outcome === 'failed' ? 'FAILED' : verified.outcome;
  return `${outcome} ${formatAge(new Date(verified.at), now)}`;
}

/** Columns padded to their widest cell, without blanks at the ends of lines. */
export function formatTable(header: string[], rows: string[][]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}

/** `name:  value` lines, with the values in one column. */
export function formatFields(fields: [string, string][]): string {
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  return fields.map(([name, value]) => `${`${name}:`.padEnd(width)} ${value}`).join('\n');
}
