// Runs where `folder` is a small disk: `node restore-room-worker.ts <folder> <appendonly> <rdb bytes>`. Prints what
// findRefusals says of a restore of a dump of that size into a server that has an earlier dump of 1 MiB and a bit there.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddress } from '../../agent/falkordb/address.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { findRefusals } from '../../agent/falkordb/restore-checks.ts';
import { startScratch } from '../../agent/falkordb/scratch.ts';

const MIB = 1024 * 1024;
const [folder = '', appendonly = '', rdbBytes = ''] = process.argv.slice(2);
await using server = await startScratch({ folder, config: { appendonly } });
const address = parseAddress(server.url);
if (!address) throw new Error(`${server.url} is no address`);
await writeFile(join(folder, 'dump.rdb'), Buffer.alloc(MIB));
using db = await Database.connect(address);
const { refusals } = await findRefusals(
  db,
  await db.info(),
  {
    name: 'the-backup',
    rdbBytes: Number(rdbBytes),
    usedMemoryBytes: 1,
    engine: { redis: '8.2.3', falkordb: '4.16.3', rdbVersion: 12 },
  },
  { dataFolder: undefined, allowNewerEngine: false, replicationTls: false },
);
const shown = refusals.map(({ code, message, hint }) => ({ code, message, hint }));
process.stdout.write(`${JSON.stringify(shown)}\n`);
