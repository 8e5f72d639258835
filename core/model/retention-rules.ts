/*
 * What a person writes to say how long backups are kept: `all 48h, daily 7d`. A backup is kept for as long as one of the
 * rules keeps it.
 */

const UNITS = { h: 'hours', d: 'days', w: 'weeks', mo: 'months', y: 'years' } as const;
export type Unit = keyof typeof UNITS;

const PERIODS = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' } as const;
export type Period = (typeof PERIODS)[keyof typeof PERIODS];

export interface Duration {
  amount: number;
  unit: Unit;
}

export type Rule =
  | { kind: 'forever' }
  /** Everything that is younger. */
  | { kind: 'all'; youngerThan: Duration }
  | { kind: 'last'; count: number }
  /** Of each hour, day, ... the newest, while it is younger. */
  | { kind: 'newest-of-each'; period: Period; youngerThan: Duration };

const HOUR_MS = 3600 * 1000;
const MAX_AMOUNT = 10_000;

/** @throws RangeError, as a sentence about the text, where it is no list of rules, or keeps nothing */
export function parseRules(text: string): Rule[] {
  const parts = text.split(',').map((part) => part.trim().toLowerCase());
  if (parts.every((part) => part === '')) throw new RangeError('must keep something: say "forever" or, say, "all 30d"');
  return parts.map(parseRule);
}

function parseRule(part: string): Rule {
  if (part === 'forever') return { kind: 'forever' };
  const [, word = '', amountText = '', unit = ''] = /^([a-z]+) +(\d+)(h|d|w|mo|y)?$/.exec(part) ?? [];
  const amount = Number(amountText);
  const period = Object.entries(PERIODS).find(([name]) => name === word)?.[1];
  const isKnown = word === 'last' ? unit === '' : (word === 'all' || period !== undefined) && unit in UNITS;
  if (!isKnown) {
    throw new RangeError(
      `"${part}" is no rule: write forever, all <time>, last <number>, or hourly, daily, weekly, monthly or yearly <time>, with a time such as 48h, 7d, 12w, 6mo, 2y`,
    );
  }
  if (amount < 1) throw new RangeError(`"${part}" keeps nothing`);
  if (amount > MAX_AMOUNT) throw new RangeError(`"${part}" is more than ${MAX_AMOUNT}`);
  if (word === 'last') return { kind: 'last', count: amount };
  const youngerThan = { amount, unit: unit as Unit };
  return period ? { kind: 'newest-of-each', period, youngerThan } : { kind: 'all', youngerThan };
}

/** The moment that lies so long before `now`; months and years by the calendar, in UTC, never skipping a short month. */
export function before(now: Date, { amount, unit }: Duration): Date {
  const hours = { h: 1, d: 24, w: 7 * 24, mo: undefined, y: undefined }[unit];
  if (hours !== undefined) return new Date(now.getTime() - amount * hours * HOUR_MS);
  const months = unit === 'y' ? 12 * amount : amount;
  const then = new Date(now);
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() - months);
  const daysInMonth = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate();
  then.setUTCDate(Math.min(now.getUTCDate(), daysInMonth));
  return then;
}

/** `30 days` */
export function describeDuration({ amount, unit }: Duration): string {
  return `${amount} ${amount === 1 ? UNITS[unit].slice(0, -1) : UNITS[unit]}`;
}
