import { BackupError } from '../../../core/model/errors.ts';
import { Database } from '../database.ts';
import type { ServerInfo } from '../server-info.ts';
import { type Findings, isDenied, isUnknownCommand, merge, NOTHING, refuse } from './findings.ts';

interface NeededCommand {
  name: string;
  /** Such that the command would refuse them, or do no harm, even if it were run. */
  args: string[];
}

interface Outcome {
  kind: 'allowed' | 'denied' | 'unknown';
  /** For people. */
  name: string;
  /** The ACL rule that allows it. */
  rule: string;
}

type Features = Pick<ServerInfo, 'falkordbVersion'> & { aof: Pick<ServerInfo['aof'], 'enabled'> };

/** Of the restore itself; the safety backup needs what docs/configuration.md lists besides. */
function neededCommands({ aof, falkordbVersion }: Features): NeededCommand[] {
  const needed = (name: string, ...args: string[]) => ({ name, args });
  return [
    needed('INFO'),
    needed('TIME'),
    needed('CONFIG GET', 'dir'),
    needed('PUBSUB NUMSUB', 'falkordb-backup'),
    needed('CLIENT INFO'),
    needed('CLIENT LIST'),
    needed('CLIENT KILL', 'ID', '0'),
    needed('CONFIG SET', 'falkordb-backup', ''),
    needed('REPLICAOF', 'NO', 'PORT'),
    needed('BGSAVE'),
    ...(aof.enabled ? [needed('BGREWRITEAOF')] : []),
    ...(falkordbVersion === undefined
      ? []
      : [needed('GRAPH.LIST'), needed('GRAPH.INFO'), needed('GRAPH.RO_QUERY', 'falkordb-backup', 'RETURN 1')]),
  ];
}

/** The ACL rules that a restore needs. */
export function restoreRules(info: Features): string[] {
  return ['~*', '+multi', ...neededCommands(info).map(({ name }) => ruleFor(name))];
}

/** A command that is allowed to be queued in a transaction is allowed; the transaction is never executed. */
export async function checkRights(db: Database, info: ServerInfo): Promise<Findings> {
  const user = db.address.username ?? 'default';
  using probe = await Database.connect(db.address);
  const start = await attempt(probe, { name: 'MULTI', args: [] });
  if (start.kind === 'denied') return mayNot(db.name, user, ['MULTI'], restoreRules(info));
  if (start.kind === 'unknown') return doesNotKnow(db.name, ['MULTI']);
  const outcomes: Outcome[] = [];
  for (const command of neededCommands(info)) outcomes.push(await attempt(probe, command));
  const denied = outcomes.filter(({ kind }) => kind === 'denied');
  const unknown = outcomes.filter(({ kind }) => kind === 'unknown');
  return merge([mayNot(db.name, user, namesOf(denied), rulesOf(denied)), doesNotKnow(db.name, namesOf(unknown))]);
}

async function attempt(probe: Database, { name, args }: NeededCommand): Promise<Outcome> {
  const outcome = { name, rule: ruleFor(name) };
  try {
    const [command = '', ...words] = name.split(' ');
    await probe.call(command, ...words, ...args);
  } catch (error) {
    if (isUnknownCommand(error)) return { kind: 'unknown', ...outcome };
    if (isDenied(error) && isAboutKeys(error)) return { kind: 'denied', name: `${name} on every key`, rule: '~*' };
    if (isDenied(error)) return { kind: 'denied', ...outcome };
    // Redis looks at existence and rights first: whatever else is wrong now (CLUSTERDOWN, LOADING, OOM), it passed those.
    if (!(error instanceof BackupError) || error.code === 'database-unreachable') throw error;
  }
  return { kind: 'allowed', ...outcome };
}

const namesOf = (outcomes: Outcome[]) => outcomes.map(({ name }) => name);
const rulesOf = (outcomes: Outcome[]) => outcomes.map(({ rule }) => rule);

function isAboutKeys({ cause }: BackupError): boolean {
  return cause instanceof Error && /permissions to access .*key/.test(cause.message);
}

function ruleFor(name: string): string {
  return `+${name.toLowerCase().replace(' ', '|')}`;
}

function mayNot(server: string, user: string, names: string[], rules: string[]): Findings {
  if (names.length === 0) return NOTHING;
  return refuse(
    'database-denied',
    `FalkorDB at ${server} does not allow the user ${user} what a restore needs: ${names.join(', ')}.`,
    `Run: ACL SETUSER ${user} ${rules.join(' ')}`,
  );
}

function doesNotKnow(server: string, names: string[]): Findings {
  if (names.length === 0) return NOTHING;
  return refuse(
    'database-denied',
    `FalkorDB at ${server} does not know what a restore needs: ${names.join(', ')}.`,
    'Take its rename-command out of the configuration where there is one; else fetch the file and start a server from it.',
  );
}
