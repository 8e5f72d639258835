import { z } from 'zod';
import { type Setting, seconds, text, timeZone, wholeNumber } from './setting.ts';
import { DEFAULT_PRUNE_SCHEDULE, DEFAULT_SCHEDULES } from './tiers.ts';

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** As a header of HTTP can carry it: no blanks, and nothing but ASCII. */
const SENDABLE_TOKEN = /^[\x21-\x7e]{16,}$/;
export const TOKEN_RULE = 'must have at least 16 characters: ASCII, and no blanks';

export function isSendableToken(token: string): boolean {
  return SENDABLE_TOKEN.test(token);
}

/** Null for never. That it is a schedule is seen when the clock is made of it (core/catalog/due-times.ts). */
const schedule = text.transform((expression) => (expression === 'off' ? null : expression));
const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/, 'must be host:port, with [] around IPv6')
  .transform((address) => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
  })
  .refine(({ port }) => port <= 65_535, 'must have a port up to 65535');

/** What only `run`, the service of one machine, needs. */
export const SERVICE_SETTINGS = {
  scheduleSnapshot: {
    env: 'BACKUP_SCHEDULE_SNAPSHOT',
    description: 'When the service makes snapshots: five fields as for cron, or off',
    default: DEFAULT_SCHEDULES.snapshot,
    schema: schedule,
  },
  scheduleDaily: {
    env: 'BACKUP_SCHEDULE_DAILY',
    description: 'When it makes daily backups',
    default: DEFAULT_SCHEDULES.daily,
    schema: schedule,
  },
  scheduleWeekly: {
    env: 'BACKUP_SCHEDULE_WEEKLY',
    description: 'When it makes weekly backups',
    default: DEFAULT_SCHEDULES.weekly,
    schema: schedule,
  },
  scheduleMonthly: {
    env: 'BACKUP_SCHEDULE_MONTHLY',
    description: 'When it makes monthly backups',
    default: DEFAULT_SCHEDULES.monthly,
    schema: schedule,
  },
  schedulePrune: {
    env: 'BACKUP_SCHEDULE_PRUNE',
    description: 'When it removes what is no longer kept',
    default: DEFAULT_PRUNE_SCHEDULE,
    schema: schedule,
  },
  targetsFile: {
    env: 'BACKUP_TARGETS_FILE',
    flag: 'targets-file',
    description: 'JSON file of several targets that one service looks after (docs/install-local.md)',
    schema: text,
  },
  timeZone: {
    env: 'BACKUP_TIME_ZONE',
    description: 'Time zone of the schedules; in most others than UTC a local 02:30 does not exist one night a year',
    default: 'UTC',
    schema: timeZone,
  },
  jitterSeconds: {
    env: 'BACKUP_JITTER_SECONDS',
    description: 'Scheduled runs begin up to so much later, at random, so that not all begin at once',
    default: '30',
    schema: wholeNumber(0, HOUR_SECONDS),
  },
  stopTimeoutSeconds: {
    env: 'BACKUP_STOP_TIMEOUT_SECONDS',
    flag: 'stop-timeout',
    description: 'How long a service that is told to stop lets the runs at work go on before it ends them',
    default: '30',
    schema: seconds,
  },
  listen: {
    env: 'BACKUP_LISTEN',
    flag: 'listen',
    description: 'host:port of the dashboard, the API and /metrics; port 0 for any free one',
    default: '127.0.0.1:8090',
    schema: listen,
  },
  dashboardToken: {
    env: 'BACKUP_DASHBOARD_TOKEN',
    description:
      'Who sends it may act by the dashboard and the API; else they only show. 16 or more ASCII characters, no blanks',
    secret: true,
    schema: z.string().refine(isSendableToken, TOKEN_RULE),
  },
  dashboardTokenFile: {
    env: 'BACKUP_DASHBOARD_TOKEN_FILE',
    flag: 'dashboard-token-file',
    description: 'File that holds the token, instead of BACKUP_DASHBOARD_TOKEN',
    schema: text,
  },
  dashboardUrl: {
    env: 'BACKUP_DASHBOARD_URL',
    flag: 'dashboard-url',
    description:
      'Where people open the dashboard, if not where it listens: https://backups.example.com of a proxy before it',
    schema: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
      .transform((url) => new URL(url))
      .refine(({ href, origin }) => href === `${origin}/`, 'must be the root of a host, without path, user or query'),
  },
  refreshSeconds: {
    env: 'BACKUP_DASHBOARD_REFRESH_SECONDS',
    flag: 'refresh',
    description: 'So often the dashboard asks again where it does not hear of changes by itself',
    default: '300',
    schema: wholeNumber(5, DAY_SECONDS),
  },
} as const satisfies Record<string, Setting>;

/** The same for all targets of a service, by their names in SETTINGS. */
export const SERVICE_WIDE: ReadonlySet<string> = new Set([
  ...[
    'listen',
    'dashboardToken',
    'dashboardTokenFile',
    'dashboardUrl',
    'refreshSeconds',
    'stopTimeoutSeconds',
    'targetsFile',
  ],
  ...['logLevel', 'logFile', 'logFileMaxMb', 'logFiles', 'metricsFile'],
]);
