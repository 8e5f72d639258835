import { ACTIONS, RESTORE_OPTIONS, type RequestWords, WORD_NAMES, type WordName } from './request.ts';
import { SCHEDULED_TIERS, TIERS } from './tiers.ts';

/*
 * The parameters of the SSM document, one for each word of a request. SSM itself refuses what does not match, before
 * anything reaches a host; the agent looks again. No pattern lets through a quote, a dollar, a space or a newline.
 */

export interface RequestParameter {
  /** Of the document; the script on the host finds it as the environment variable `SSM_<name>`. */
  name: string;
  description: string;
  /** A regular expression with both anchors. */
  allowedPattern: string;
  maxChars: number;
  /** Empty where a request need not have it; undefined where it must. */
  default?: string;
}

const TARGET = '[a-z0-9][a-z0-9-]{0,62}';
const TIMESTAMP = '[0-9]{8}T[0-9]{6}Z';
const BACKUP_ID = `${TIMESTAMP}-${TARGET}-(${TIERS.join('|')})`;
const OPTION = `(${RESTORE_OPTIONS.join('|')})`;

export const REQUEST_PARAMETERS: Record<WordName, RequestParameter> = {
  version: {
    name: 'RequestVersion',
    description: 'Version of the request',
    allowedPattern: '^[0-9]{1,4}$',
    maxChars: 4,
    default: '1',
  },
  action: {
    name: 'Action',
    description: 'What the agent is to do',
    allowedPattern: `^(${ACTIONS.join('|')})$`,
    maxChars: 16,
  },
  target: {
    name: 'Target',
    description: 'Logical name of the FalkorDB',
    allowedPattern: `^${TARGET}$`,
    maxChars: 63,
  },
  'run-id': {
    name: 'RunId',
    description: 'Id that the run is recorded under',
    allowedPattern: optional(`${TIMESTAMP}-[a-z0-9][a-z0-9-]{0,39}`),
    maxChars: 57,
    default: '',
  },
  tier: {
    name: 'Tier',
    description: 'Of a backup: its tier',
    allowedPattern: optional([...SCHEDULED_TIERS, 'manual'].join('|')),
    maxChars: 16,
    default: '',
  },
  'scheduled-for': {
    name: 'ScheduledFor',
    description: 'Of a backup: the time it was due, in UTC',
    allowedPattern: optional('[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z'),
    maxChars: 32,
    default: '',
  },
  backup: {
    name: 'Backup',
    description: 'Of a restore: the backup, "latest" or "latest:<tier>"',
    allowedPattern: optional(`latest|latest:(${TIERS.join('|')})|${BACKUP_ID}`),
    maxChars: 96,
    default: '',
  },
  'from-target': {
    name: 'FromTarget',
    description: 'Of a restore: whose backups "latest" means, where it is not the target itself',
    allowedPattern: optional(TARGET),
    maxChars: 63,
    default: '',
  },
  options: {
    name: 'Options',
    description: 'Of a restore: what to do without, separated by commas',
    allowedPattern: optional(`${OPTION}(,${OPTION}){0,${RESTORE_OPTIONS.length - 1}}`),
    maxChars: 64,
    default: '',
  },
};

/** As SendCommand takes them. */
export type SsmParameters = Record<string, string[]>;

export function toSsmParameters(words: RequestWords): SsmParameters {
  return Object.fromEntries(WORD_NAMES.map((word) => [REQUEST_PARAMETERS[word].name, [words[word]]]));
}

/**
 * The words that a command was sent with; those of a later version are left out. SSM tells only the parameters that the
 * sender gave, so the defaults of the others come from here, as the host took them from the document.
 */
export function fromSsmParameters(parameters: Record<string, string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    WORD_NAMES.map((word) => {
      const { name, default: otherwise = '' } = REQUEST_PARAMETERS[word];
      return [word, parameters[name]?.[0] ?? otherwise];
    }),
  );
}

function optional(pattern: string): string {
  return `^(${pattern})?$`;
}
