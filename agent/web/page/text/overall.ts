import type { TargetAnswer, TierAnswer } from '../../api.ts';
import { ageText } from './time.ts';

export type Level = 'good' | 'info' | 'warning' | 'bad';

export interface Problem {
  level: Level;
  text: string;
  hint: string | null;
  /** Of the run whose log tells more. */
  runId?: string;
}

export interface Overall {
  level: Level;
  /** What matters most, in words. */
  title: string;
  /** In order of weight; the title is that of the first. */
  problems: Problem[];
}

const ORDER: Level[] = ['bad', 'warning', 'info', 'good'];

/** How a target is, in words. @param now by the server's clock, in milliseconds */
export function overallOf(target: TargetAnswer, now: number): Overall {
  const problems = [
    ...partProblems(target),
    ...overdueProblems(target, now),
    ...failureProblems(target),
    ...damageProblems(target),
    ...emptyProblems(target, now),
  ].toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const [worst] = problems;
  return { level: worst?.level ?? 'good', title: worst?.text ?? 'All is well', problems };
}

/** While the service cannot be asked: what was well then need not be so now. */
export function lastKnown({ level, title, problems }: Overall): Overall {
  const isWell = level === 'good' || level === 'info';
  return { level: isWell ? 'warning' : level, title: `Not known at present; last known: ${title}`, problems };
}

function partProblems({ database, storeState }: TargetAnswer): Problem[] {
  const down = (name: string, { state, message, hint }: typeof storeState): Problem[] =>
    state === 'up' ? [] : [{ level: 'bad', text: `${name}: ${message ?? 'it does not answer'}`, hint }];
  return [...down('Database down', database), ...down('Store unreachable', storeState)];
}

function overdueProblems({ tiers }: TargetAnswer, now: number): Problem[] {
  const overdue = tiers.filter(({ overdueSince }) => overdueSince !== null);
  if (overdue.length === 0) return [];
  const of = overdue.map(({ tier, overdueSince }) => `${tier} (due ${ageText(overdueSince ?? '', now)})`);
  return [
    { level: 'bad', text: `Backup overdue: ${of.join(', ')}`, hint: 'Look at the last failure and at the runs.' },
  ];
}

function failureProblems({ lastFailure }: TargetAnswer): Problem[] {
  if (!lastFailure) return [];
  const { verb, tier, message, hint, runId } = lastFailure;
  return [{ level: 'warning', text: `Last ${tier ? `${tier} ` : ''}${verb} failed: ${message}`, hint, runId }];
}

function damageProblems({ tiers }: TargetAnswer): Problem[] {
  return tiers.flatMap(({ tier, newest }): Problem[] => {
    if (!newest) return [];
    if (newest.problem) {
      return [
        {
          level: 'bad',
          text: `Newest ${tier} backup unreadable: ${newest.problem.message}`,
          hint: newest.problem.hint,
        },
      ];
    }
    if (!newest.isStored) {
      return [
        {
          level: 'bad',
          text: `Newest ${tier} backup damaged: bytes of it are missing in the store`,
          hint: 'Make a new backup now, and find out what removed them.',
        },
      ];
    }
    if (newest.verified?.outcome !== 'failed') return [];
    return [
      {
        level: 'bad',
        text: `Newest ${tier} backup could not be loaded when it was verified`,
        hint: 'Open it for what happened, and make a new backup now.',
      },
    ];
  });
}

function emptyProblems({ tiers, storeState }: TargetAnswer, now: number): Problem[] {
  // Of a store that cannot be read nobody knows what it holds.
  if (storeState.state === 'down') return [];
  if (tiers.some(({ newest }) => newest !== null)) return [];
  const first = firstDue(tiers);
  const text = first
    ? `No backup yet: the first is due ${ageText(first, now)}`
    : 'No backup yet, and none is scheduled';
  return [{ level: first ? 'info' : 'warning', text, hint: null }];
}

/** When the next backup of any tier is due; undefined where no clock drives one. */
export function firstDue(tiers: TierAnswer[]): string | undefined {
  return tiers.flatMap(({ nextDue }) => nextDue ?? []).toSorted()[0];
}

/** `2 of 3 targets are well`, for the title of the page and who listens to it. */
export function summaryOf(overalls: Overall[]): string {
  const unwell = overalls.filter(({ level }) => level === 'bad' || level === 'warning').length;
  if (overalls.length === 0) return 'No target';
  if (overalls.length === 1) return overalls[0]?.title ?? '';
  if (unwell === 0) return `All ${overalls.length} targets are well`;
  return `${unwell} of ${overalls.length} targets need attention`;
}
