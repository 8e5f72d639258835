import { type Command, Option } from 'commander';
import { type CatalogEntry, listBackups } from '../../core/catalog/catalog.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatTable, formatTime, formatVerified } from './format.ts';
import { addCommonOptions, inSession } from './session.ts';

interface ListFlags {
  tier?: Tier;
  allTargets?: boolean;
}

export function listCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('List backups, oldest first')
      .addOption(new Option('--tier <tier>', 'only this tier').choices(TIERS))
      .option('--all-targets', 'the backups of every target in the store'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup list --store file:///var/backups/falkordb
  $ falkordb-backup list --tier daily --json`,
    )
    .action((flags: ListFlags) =>
      inSession(cli, command, async ({ config, store, now }) => {
        const filter = {
          ...(flags.allTargets ? {} : { target: config.target }),
          ...(flags.tier ? { tier: flags.tier } : {}),
        };
        const entries = await listBackups(store, filter);
        return { json: entries.map((entry) => toJson(entry, now())), text: toText(entries, store.url, now()) };
      }),
    );
}

function toJson({ key, backupId, parts, content, verified, pinned, isStored }: CatalogEntry, now: Date): unknown {
  if ('manifest' in content) {
    const ageSeconds = Math.round((now.getTime() - Date.parse(content.manifest.rdb.createdAt)) / 1000);
    return { status: isStored ? 'ok' : 'incomplete', ageSeconds, verified, pinned, ...content.manifest };
  }
  const { code, message, hint = null } = content.error;
  return {
    status: 'unreadable',
    backupId,
    target: parts.target,
    tier: parts.tier,
    key,
    verified,
    pinned,
    error: { code, message, hint },
  };
}

function toText(entries: CatalogEntry[], storeUrl: string, now: Date): string {
  if (entries.length === 0) return `There are no backups in ${storeUrl}.`;
  const rows = entries.flatMap(({ backupId, content, verified, pinned }) =>
    'manifest' in content
      ? [[backupId, ...describe(content.manifest, now), formatVerified(verified, now), pinned ? 'yes' : '']]
      : [],
  );
  const unreadable = entries.flatMap(({ backupId, content }) =>
    'error' in content ? [`UNREADABLE  ${backupId}: ${content.error.message}`] : [],
  );
  const incomplete = entries.flatMap(({ backupId, content, isStored }) =>
    'manifest' in content && !isStored
      ? [`INCOMPLETE  ${backupId}: its dump or its state.json is missing or cut short; "verify" says which.`]
      : [],
  );
  const header = ['BACKUP', 'TAKEN', 'DUMP', 'STORED', 'GRAPHS', 'NODES', 'EDGES', 'VERIFIED', 'PINNED'];
  return [...(rows.length > 0 ? [formatTable(header, rows)] : []), ...unreadable, ...incomplete].join('\n');
}

function describe({ rdb, stored, graphs }: Manifest, now: Date): string[] {
  const sum = (count: 'nodes' | 'edges') => String(graphs.reduce((total, graph) => total + graph[count], 0));
  const taken = formatTime(new Date(rdb.createdAt), now);
  return [taken, formatBytes(rdb.bytes), formatBytes(stored.bytes), String(graphs.length), sum('nodes'), sum('edges')];
}
