import type { TargetAnswer, TierAnswer } from '../../api.ts';

export type Level = 'good' | 'info' | 'warning' | 'bad';

export interface Problem {
  level: Level;
  text: string;
  hint: string | null;
  /** What is or was due, which the text leaves out: its age ticks. */
  due?: { name: string; at: string };
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

/** How a target is, in words. */
export function overallOf(target: TargetAnswer): Overall {
  const problems = [
    ...partProblems(target),
    ...overdueProblems(target),
    ...failureProblems(target),
    ...damageProblems(target),
    ...emptyProblems(target),
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

function overdueProblems({ tiers }: TargetAnswer): Problem[] {
  const overdue = tiers.filter(({ overdueSince }) => overdueSince !== null);
  const [at] = overdue.flatMap(({ overdueSince }) => overdueSince ?? []).toSorted();
  if (at === undefined) return [];
  const names = overdue.map(({ tier }) => tier).join(', ');
  const due = { name: overdue.length === 1 ? 'due' : 'first due', at };
  return [{ level: 'bad', text: `Backup overdue: ${names}`, hint: 'Look at the last failure and at the runs.', due }];
}

function failureProblems({ lastFailure }: TargetAnswer): Problem[] {
  if (!lastFailure) return [];
  const { verb, tier, message, hint, runId } = lastFailure;
  return [{ level: 'warning', text: `Last ${tier ? `${tier} ` : ''}${verb} failed: ${message}`, hint, runId }];
}

function damageProblems({ tiers }: TargetAnswer): Problem[] {
  return tiers.flatMap(({ tier, newest, unreadable }): Problem[] => {
    const newestIs = (what: string, hint: string): Problem[] => [
      { level: 'bad', text: `Newest ${tier} backup ${what}`, hint: `Make a new backup now, and ${hint}.` },
    ];
    if (unreadable) return newestIs(`unreadable: ${unreadable.problem}`, 'find out what happened to it');
    if (newest && !newest.isStored) {
      return newestIs('damaged: bytes of it are missing in the store', 'find out what removed them');
    }
    if (newest?.verified?.outcome !== 'failed') return [];
    return newestIs('could not be loaded when it was verified', 'open that one for what happened');
  });
}

function emptyProblems({ tiers, storeState }: TargetAnswer): Problem[] {
  // Of a store that cannot be read nobody knows what it holds.
  if (storeState.state === 'down') return [];
  if (hasBackups(tiers)) return [];
  const at = firstDue(tiers);
  if (at === undefined) return [{ level: 'warning', text: 'No backup yet, and none is scheduled', hint: null }];
  return [{ level: 'info', text: 'No backup yet', hint: null, due: { name: 'the first is due', at } }];
}

/** Whether anything was ever made that is still there. */
export function hasBackups(tiers: TierAnswer[]): boolean {
  return tiers.some(({ newest, unreadable }) => newest !== null || unreadable !== null);
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
