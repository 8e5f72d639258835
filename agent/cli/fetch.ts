import type { Command } from 'commander';
import { resolveBackup } from '../../core/catalog/catalog.ts';
import { fetchDump } from '../fetch.ts';
import type { Cli } from './cli.ts';
import { formatBytes } from './format.ts';
import { addCommonOptions, inSession } from './session.ts';

interface FetchFlags {
  output: string;
  force?: boolean;
}

export function fetchCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Write the verified plain RDB of a backup to a file, to start a server from')
      .argument('[backup]', 'a backup id, "latest", or "latest:<tier>"', 'latest')
      .requiredOption('--output <file>', 'the file to write')
      .option('--force', 'overwrite the file'),
  )
    .addHelpText(
      'after',
      `
The file appears only after every check has passed. To start a FalkorDB from it: stop the server, put the file in its
place (CONFIG GET dir and dbfilename), give it to the user that the server runs as, see that appendonly is off (with an
AOF the file is not read), and start the server. A running server would write its own dump over the file.

Examples:
  $ falkordb-backup fetch --output dump.rdb
  $ falkordb-backup fetch latest:weekly --output /restore/dump.rdb --json`,
    )
    .action((reference: string, { output, force = false }: FetchFlags) =>
      inSession(cli, command, async (session) => {
        const manifest = await resolveBackup(session.store, session.config.target, reference);
        const path = await fetchDump({ manifest, output, overwrite: force }, session);
        const { backupId, rdb } = manifest;
        return {
          json: { status: 'completed', backupId, path, rdb: { bytes: rdb.bytes, sha256: rdb.sha256 } },
          text: `Wrote ${backupId} to ${path} (${formatBytes(rdb.bytes)}), verified.`,
        };
      }),
    );
}
