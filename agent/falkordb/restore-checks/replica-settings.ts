import type { Database } from '../database.ts';
import { type Findings, ifAllowed, merge, NOTHING, refuse } from './findings.ts';

interface Requirement {
  setting: string;
  value: string;
  /** What would happen with another value. */
  otherwise: string;
}

const REQUIREMENTS: Requirement[] = [
  { setting: 'replica-read-only', value: 'yes', otherwise: 'accept writes during the restore that are then lost' },
  { setting: 'replica-serve-stale-data', value: 'yes', otherwise: 'refuse to answer during the restore' },
  {
    setting: 'repl-diskless-load',
    value: 'disabled',
    otherwise: 'drop its data before the backup has arrived and is known to be whole',
  },
];

/** What makes a FalkorDB a replica that keeps its data, read-only, until the new data has arrived. */
export async function checkReplicaSettings(db: Database, replicationTls: boolean): Promise<Findings> {
  const replica = await ifAllowed(db.config('repl*'));
  const tls = await ifAllowed(db.config('tls-replication'));
  return settingFindings(db.name, new Map([...(replica ?? []), ...(tls ?? [])]), replicationTls);
}

/** @param settings without those that the server does not have or tell */
export function settingFindings(server: string, settings: Map<string, string>, replicationTls: boolean): Findings {
  const findings = REQUIREMENTS.map(({ setting, value, otherwise }) => {
    const present = settings.get(setting);
    if (present === undefined || present === value) return NOTHING;
    return refuse(
      'database-unsuitable',
      `FalkorDB at ${server} has ${setting} ${present}: it would ${otherwise}.`,
      `Run: CONFIG SET ${setting} ${value} (and set it back afterwards, if need be)`,
    );
  });
  if (settings.get('tls-replication') === 'yes' && !replicationTls) findings.push(needsTls(server));
  return merge(findings);
}

function needsTls(server: string): Findings {
  return refuse(
    'database-unsuitable',
    `FalkorDB at ${server} replicates by TLS only (tls-replication yes), and this agent has no certificate to show it.`,
    'Set RESTORE_TLS_CERT_FILE and RESTORE_TLS_KEY_FILE to a certificate that FalkorDB trusts.',
  );
}
