const COUNT = new Intl.NumberFormat('en');

export { formatBytes as bytesText } from '../../../cli/format.ts';

/** `12,345` */
export function countText(count: number): string {
  return COUNT.format(count);
}

/** `1 graph`, `12,345 graphs` */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${countText(count)} ${count === 1 ? singular : plural}`;
}
