import { countOf } from '../text/numbers.ts';
import type { Day, DayState } from './days.ts';

/** What a cell shows; of `kept` it is the number of backups. */
export const DAY_SIGNS: Record<DayState, string> = {
  kept: '1',
  skipped: '=',
  removed: '·',
  failed: '×',
  missed: '!',
  idle: '',
};

/** For the legend, in the order in which it shows them. */
export const DAY_MEANINGS: [state: DayState, meaning: string][] = [
  ['kept', 'backups in the store'],
  ['skipped', 'skipped: none was needed'],
  ['removed', 'made, and removed since'],
  ['failed', 'failed'],
  ['missed', 'due, but nothing ran'],
];

/** `2026-11-22: 2 backups, 1 failed run` */
export function dayText({ date, state, backups, failures }: Day): string {
  const meaning = DAY_MEANINGS.find(([name]) => name === state)?.[1] ?? 'nothing was due';
  const what = state === 'kept' ? countOf(backups.length, 'backup') : meaning;
  return `${date}: ${what}${failures === 0 ? '' : `, ${countOf(failures, 'failed run')}`}`;
}
