import type { Command } from 'commander';
import { resolveBackup } from '../../core/catalog/catalog.ts';
import type { GraphSummary, Manifest } from '../../core/model/manifest.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatFields, formatSeconds, formatTable, formatTime } from './format.ts';
import { addCommonOptions, inSession } from './session.ts';

export function showCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Show all that is known of a backup')
      .argument('[backup]', 'a backup id, "latest", or "latest:<tier>"', 'latest'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup show
  $ falkordb-backup show latest:daily
  $ falkordb-backup show 20261122T023000Z-falkordb-daily --json`,
    )
    .action((reference: string) =>
      inSession(cli, command, async ({ config, store, now }) => {
        const manifest = await resolveBackup(store, config.target, reference);
        return { json: manifest, text: describe(manifest, now()) };
      }),
    );
}

function describe(manifest: Manifest, now: Date): string {
  const { engine, rdb, stored, timings } = manifest;
  const fields: [string, string][] = [
    ['backup', manifest.backupId],
    ['target', manifest.target],
    ['tier', manifest.tier],
    ['taken', formatTime(new Date(rdb.createdAt), now)],
    ['engine', `FalkorDB ${engine.falkordb} on Redis ${engine.redis}, RDB version ${engine.rdbVersion}`],
    ['source', manifest.source],
    ['dump', `${formatBytes(rdb.bytes)}, CRC64 ${rdb.checksum}, SHA-256 ${rdb.sha256}`],
    ['stored', `${formatBytes(stored.bytes)}, ${stored.compression}, SHA-256 ${stored.sha256}`],
    ['object', stored.key],
    [
      'took',
      `${formatSeconds(timings.totalSeconds)} (save ${formatSeconds(timings.saveSeconds)}, transfer ${formatSeconds(timings.transferSeconds)})`,
    ],
    ['keys', `${manifest.keys}`],
    ['counts', manifest.countsExact ? 'exact' : 'taken while writes went on; the dump may hold a little more or less'],
    ['run', manifest.runId],
    ['made by', `${manifest.tool.name} ${manifest.tool.version}`],
  ];
  return `${formatFields(fields)}\n\n${graphTable(manifest.graphs)}`;
}

function graphTable(graphs: GraphSummary[]): string {
  if (graphs.length === 0) return 'The server held no graphs.';
  return formatTable(
    ['GRAPH', 'NODES', 'EDGES', 'LABELS', 'TYPES', 'INDEXES', 'CONSTRAINTS'],
    graphs.map((graph) => [
      graph.name,
      `${graph.nodes}`,
      `${graph.edges}`,
      `${graph.labels.length}`,
      `${graph.relationshipTypes.length}`,
      `${graph.indexes.length}`,
      `${graph.constraints.length}`,
    ]),
  );
}
