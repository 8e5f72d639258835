import type { Manifest } from '../../core/model/manifest.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { type StateCommands, stateCommands, unusualSettings } from '../state-commands.ts';
import { readState, type StoredState } from '../state-file.ts';
import { formatFields } from './format.ts';
import type { Answer } from './session.ts';

const UNREAD = 'Unknown: the user that made the backup was not allowed to read this.';
const IMPORTED = 'Unknown: it was imported from a file, and no dump holds this.';
const SECRETS: Record<string, string> = {
  requirepass:
    'the password of user default, which its ACL SETUSER puts back as a hash; in redis.conf write it yourself',
  masterauth: 'CONFIG SET masterauth <password>, on a replica',
};

/** Users and settings of the time of a backup, and the commands that put them back. @throws integrity, store-* */
export async function showState(store: ObjectStore, manifest: Manifest): Promise<Answer> {
  const state = await readState(store, manifest.state);
  const { commands, atStart } = stateCommands(state, manifest.engine);
  const { aclUsers: acl, config, modules, omittedSecrets } = state;
  const graphConfig = state.graphConfig && Object.fromEntries(state.graphConfig);
  return {
    json: { backupId: manifest.backupId, acl, config, graphConfig, modules, omittedSecrets, commands, atStart },
    text: describe(manifest, state, { commands, atStart }),
  };
}

function describe(manifest: Manifest, state: StoredState, { commands, atStart }: StateCommands): string {
  const { backupId, engine } = manifest;
  const unread = manifest.imported ? IMPORTED : UNREAD;
  const { config, graphConfig } = unusualSettings(state, engine);
  const atStartOnly = [...Object.entries(atStart.config), ...Object.entries(atStart.graphConfig)];
  const secrets = state.omittedSecrets.map((name): [string, string] => [name, SECRETS[name] ?? 'only you know it']);
  const sections: [string, string][] = [
    ['USERS', state.aclUsers?.join('\n') ?? unread],
    ['CONFIG (all but defaults)', state.config ? fields(config) : unread],
    ['GRAPH.CONFIG (all but defaults)', state.graphConfig ? fields(graphConfig) : unread],
    ['MODULES', describeModules(state.modules) ?? unread],
    ['FOR redis.conf AND THE ARGUMENTS OF loadmodule, WHERE THE NEW HOST NEEDS IT', fields(atStartOnly)],
    ['SECRETS THAT NO BACKUP HOLDS', state.config ? fields(secrets) : unread],
    ['COMMANDS THAT PUT THE REST BACK, FOR redis-cli', commands.join('\n') || 'None.'],
  ];
  const engines = `FalkorDB ${engine.falkordb} on Redis ${engine.redis}`;
  const bodies = sections.map(([title, body]) => `${title}\n${body}`);
  return `${backupId}: what its dump does not hold, of ${engines}\n\n${bodies.join('\n\n')}`;
}

/** MODULE LIST, of which each module is a flat list of names and values; `args` is a list of its own. */
function describeModules(modules: unknown): string | undefined {
  if (!Array.isArray(modules)) return undefined;
  return modules.map((module: unknown) => [module].flat(2).filter(String).join(' ')).join('\n');
}

function fields(entries: [string, string][]): string {
  return entries.length === 0 ? 'None.' : formatFields(entries);
}
