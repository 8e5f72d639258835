/*
 * Cron expressions of five fields, as everybody writes them, as EventBridge Scheduler takes them: its days of the week
 * begin with 1 for Sunday, and one of the two kinds of days must be "?". Each field is written out as the list of its
 * values, so that nothing depends on what ranges and steps mean there.
 */

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface Field {
  name: string;
  min: number;
  max: number;
  /** Of the values from `first` on. */
  names?: { list: string[]; first: number };
}

const FIELDS: [Field, Field, Field, Field, Field] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: { list: MONTHS, first: 1 } },
  // 7 is Sunday too.
  { name: 'day of the week', min: 0, max: 7, names: { list: WEEKDAYS, first: 0 } },
];

/** Minutes, hours and so on at which it is due; undefined for all. */
interface ParsedCron {
  minutes: number[];
  hours: number[] | undefined;
  days: number[] | undefined;
  months: number[] | undefined;
  weekdays: number[] | undefined;
}

/**
 * `30 2 * * 0` as `cron(30 2 ? * SUN *)`
 * @throws RangeError, as a sentence about the text, where it is no such expression or cannot be said there
 */
export function toScheduleExpression(cron: string): string {
  const { minutes, hours, days, months, weekdays } = parseCron(cron);
  const text = (values: (number | string | undefined)[] | undefined) => values?.join(',') ?? '*';
  const weekdayNames = weekdays?.map((day) => WEEKDAYS[day]);
  return `cron(${text(minutes)} ${text(hours)} ${weekdays ? '?' : text(days)} ${text(months)} ${weekdays ? text(weekdayNames) : '?'} *)`;
}

/**
 * The same in five fields again, as every other reader of cron expressions understands it: not all take `5/15` or a step
 * that is longer than an hour.
 * @throws RangeError as `toScheduleExpression`
 */
export function toPlainCron(cron: string): string {
  const { minutes, hours, days, months, weekdays } = parseCron(cron);
  return [minutes, hours, days, months, weekdays].map((values) => values?.join(',') ?? '*').join(' ');
}

/**
 * The shortest time between two that are due, up to an hour.
 * @throws RangeError as `toScheduleExpression`
 */
export function shortestGapMinutes(cron: string): number {
  const { minutes } = parseCron(cron);
  const [first = 0] = minutes;
  const gaps = minutes.map((minute, index) => (minutes[index + 1] ?? first + 60) - minute);
  return Math.min(...gaps);
}

function parseCron(cron: string): ParsedCron {
  const texts = cron.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) {
    throw new RangeError(`"${cron}" is no cron expression: it has five fields, as in "30 2 * * *"`);
  }
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, index) => parseField(texts[index] ?? '', field));
  if (days && weekdays) {
    throw new RangeError(
      `"${cron}" names both a day of the month and a day of the week, which EventBridge Scheduler cannot express: leave one of them *`,
    );
  }
  const inMonths = months ?? DAYS_IN_MONTH.map((_, index) => index + 1);
  if (days && !inMonths.some((month) => days.some((day) => day <= (DAYS_IN_MONTH[month - 1] ?? 0)))) {
    throw new RangeError(`"${cron}" is never due: no such month has that day`);
  }
  return { minutes: minutes ?? allOf(FIELDS[0]), hours, days, months, weekdays };
}

/** In order, each once; undefined for all there are. */
function parseField(text: string, field: Field): number[] | undefined {
  const isWeekday = field.max === 7;
  const listed = text.split(',').flatMap((part) => parsePart(part, field));
  const values = [...new Set(isWeekday ? listed.map((day) => day % 7) : listed)].sort((a, b) => a - b);
  return values.length === (isWeekday ? 7 : field.max - field.min + 1) ? undefined : values;
}

// `*`, `5`, `MON`, `1-5`, or one of those with a step, as in `*/4`.
function parsePart(part: string, field: Field): number[] {
  const [, range = '', step] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
  const [, from = '', to] = /^([^-]+)(?:-([^-]+))?$/.exec(range) ?? [];
  const first = from === '*' ? field.min : parseValue(from, field);
  // "5/15" is "from 5 on, every 15".
  const open = from === '*' || (step !== undefined && to === undefined) ? field.max : first;
  const last = to === undefined ? open : parseValue(to, field);
  const by = step === undefined ? 1 : Number(step);
  const isRange = first !== undefined && last !== undefined && first <= last && by >= 1 && !(from === '*' && to);
  if (!isRange) {
    throw new RangeError(
      `"${part}" is no ${field.name}: it is ${field.min} to ${field.max}, as in *, 5, 1-5, */2 or 1,3`,
    );
  }
  const end = from === '*' && field.max === 7 ? 6 : last;
  return Array.from({ length: Math.floor((end - first) / by) + 1 }, (_, index) => first + index * by);
}

function parseValue(text: string, { min, max, names }: Field): number | undefined {
  const index = names?.list.indexOf(text.toUpperCase()) ?? -1;
  if (names && index >= 0) return index + names.first;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function allOf({ min, max }: Field): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}
