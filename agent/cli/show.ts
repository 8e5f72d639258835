import type { Command } from 'commander';
import { resolveBackup } from '../../core/catalog/catalog.ts';
import { readMarks } from '../../core/catalog/marks.ts';
import { newestVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { GraphSummary, Manifest } from '../../core/model/manifest.ts';
import { isPinned, type Mark } from '../../core/model/mark.ts';
import type { Verification } from '../../core/model/verification.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatFields, formatSeconds, formatTable, formatTime } from './format.ts';
import { addCommonOptions, inSession } from './session.ts';
import { showState } from './show-state.ts';
import { describeVerification } from './verification-text.ts';

export function showCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Show all that is known of a backup')
      .argument('[backup]', 'a backup id, "latest", or "latest:<tier>"', 'latest')
      .option('--state', 'show users and settings of that time instead, and the commands that put them back'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup show
  $ falkordb-backup show latest:daily
  $ falkordb-backup show latest --state
  $ falkordb-backup show 20261122T023000Z-falkordb-daily --json`,
    )
    .action((reference: string, { state = false }: { state?: boolean }) =>
      inSession(cli, command, async ({ config, store, now }) => {
        const manifest = await resolveBackup(store, config.target, reference);
        if (state) return showState(store, manifest);
        const verification = await newestVerification(store, manifest);
        const parts = parseBackupId(manifest.backupId);
        const marks = parts ? await readMarks(store, parts) : [];
        return {
          json: { ...manifest, verification: verification ?? null, marks },
          text: `${describe(manifest, verification, now())}${describeMarks(marks, now())}`,
        };
      }),
    );
}

function describe(manifest: Manifest, verification: Verification | undefined, now: Date): string {
  const { engine, rdb, stored, timings } = manifest;
  const fields: [string, string][] = [
    ['backup', manifest.backupId],
    ['target', manifest.target],
    ['tier', manifest.tier],
    ['taken', formatTime(new Date(rdb.createdAt), now)],
    ['engine', `FalkorDB ${engine.falkordb} on Redis ${engine.redis}, RDB version ${engine.rdbVersion}`],
    ['source', describeSource(manifest)],
    ['dump', `${formatBytes(rdb.bytes)}, CRC64 ${rdb.checksum}, SHA-256 ${rdb.sha256}`],
    ['stored', `${formatBytes(stored.bytes)}, ${stored.compression}, SHA-256 ${stored.sha256}`],
    ['object', stored.key],
    [
      'took',
      `${formatSeconds(timings.totalSeconds)} (save ${formatSeconds(timings.saveSeconds)}, transfer ${formatSeconds(timings.transferSeconds)})`,
    ],
    ['keys', `${manifest.keys}`],
    ['counts', describeCounts(manifest, verification)],
    ['verified', describeVerified(manifest, verification, now)],
    ['run', manifest.runId],
    ['made by', `${manifest.tool.name} ${manifest.tool.version}`],
  ];
  return `${formatFields(fields)}\n\n${graphTable(settled(manifest, verification))}`;
}

function describeSource({ source, imported }: Manifest): string {
  if (!imported) return source;
  const { from, at, stampedAt } = imported;
  const stamp = stampedAt ? `, which says that it was taken at ${stampedAt.slice(0, 19)}Z` : '';
  return `${source} of ${from} at ${at.slice(0, 19)}Z${stamp}`;
}

function describeMarks(marks: Mark[], now: Date): string {
  if (marks.length === 0) return '';
  const pinned = isPinned(marks.map(({ at, mark }) => ({ at: new Date(at), mark })));
  const rows = marks.map(({ at, by, mark, note }) => [mark, formatTime(new Date(at), now), by, note ?? '']);
  return `\n\n${pinned ? 'Pinned: no prune removes it.' : 'Not pinned.'}\n${formatTable(['MARK', 'WHEN', 'BY', 'NOTE'], rows)}`;
}

/** Counted while writes went on, what was loaded is what the dump holds. */
function settled(manifest: Manifest, verification: Verification | undefined): GraphSummary[] {
  return manifest.countsExact ? manifest.graphs : (verification?.contents?.graphs ?? manifest.graphs);
}

function describeCounts(manifest: Manifest, verification: Verification | undefined): string {
  if (manifest.countsExact) return 'exact';
  if (verification?.contents) return 'exact, from the dump as it was loaded: writes went on when it was made';
  return 'taken while writes went on; the dump may hold a little more or less ("verify --load" counts it)';
}

function describeVerified(manifest: Manifest, verification: Verification | undefined, now: Date): string {
  if (!verification) return 'never loaded ("verify --load" does)';
  const what = describeVerification(manifest, verification);
  return `${formatTime(new Date(verification.verifiedAt), now)}, ${what}`;
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
