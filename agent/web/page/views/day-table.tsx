import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useRoute } from '../hooks/use-route.ts';
import { moveAmongLinks } from '../parts/arrow-keys.ts';
import { formatRoute } from '../state/route.ts';
import { idPrefixOfDay } from '../text/time.ts';
import { DAY_MEANINGS, DAY_SIGNS, dayText } from '../timeline/day-words.ts';
import type { Day, TierDays } from '../timeline/days.ts';

interface DayTableProps {
  target: string;
  rows: TierDays[];
  dates: string[];
}

const MONTH = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });

/** A line per tier, a cell per day in UTC. */
export function DayTable({ target, rows, dates }: DayTableProps): ComponentChildren {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    // Today is at the right end.
    box.current?.scrollTo({ left: box.current.scrollWidth });
  }, []);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll only what has the focus */}
      <section class="scroll-box" aria-label="Backups by day" tabIndex={0} ref={box}>
        <table class="days" onKeyDown={moveAmongLinks}>
          <caption class="visually-hidden">
            Backups of {target} by tier and day in UTC. The arrow keys move between days that have backups.
          </caption>
          <thead>
            <tr>
              <th scope="col">Tier</th>
              {dates.map((date, index) => (
                <th key={date} scope="col" aria-label={date}>
                  <Month date={date} index={index} />
                  {Number(date.slice(8))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ tier, days }) => (
              <tr key={tier}>
                <th scope="row">{tier}</th>
                {days.map((day) => (
                  <DayCell key={day.date} day={day} target={target} tier={tier} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Legend />
    </>
  );
}

/** Where its first day is out of sight, as on a phone, once a week. */
function Month({ date, index }: { date: string; index: number }): ComponentChildren {
  const isFirst = index === 0 || date.endsWith('-01');
  if (!isFirst && index % 7 !== 1) return null;
  return <span class={isFirst ? 'month' : 'month again'}>{MONTH.format(new Date(date))}</span>;
}

function DayCell({ day, target, tier }: { day: Day; target: string; tier: TierDays['tier'] }): ComponentChildren {
  const route = useRoute();
  const { state, backups, failures, date } = day;
  const text = dayText(day);
  const [only] = backups;
  const look = `day ${state}${state === 'kept' && failures > 0 ? ' with-failure' : ''}`;
  if (!only) {
    return (
      <td>
        <span class={look} title={text}>
          <span aria-hidden="true">{DAY_SIGNS[state]}</span>
          <span class="visually-hidden">{text}</span>
        </span>
      </td>
    );
  }
  const params = { target, tier, search: idPrefixOfDay(date) };
  const href =
    backups.length === 1 ? formatRoute({ ...route, backup: only.backupId }) : formatRoute({ view: 'backups', params });
  return (
    <td>
      <a class={look} href={href} title={text} aria-label={`${tier}, ${text}`}>
        {backups.length}
      </a>
    </td>
  );
}

function Legend(): ComponentChildren {
  return (
    <ul class="legend" aria-label="Signs">
      {DAY_MEANINGS.map(([state, meaning]) => (
        <li key={state}>
          <span class={`day ${state}`} aria-hidden="true">
            {DAY_SIGNS[state]}
          </span>
          {meaning}
        </li>
      ))}
    </ul>
  );
}
