// Runs where `folder` is a disk of 2 MiB: `node small-disk-worker.ts <folder> <scenario>`. Prints how a dump failed.
import { randomBytes } from 'node:crypto';
import { parseAddress } from '../../agent/falkordb/address.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { startScratch } from '../../agent/falkordb/scratch.ts';
import { BackupError } from '../../core/model/errors.ts';
import { take } from './dumps.ts';

const MIB = 1024 * 1024;
const [folder = '', scenario = ''] = process.argv.slice(2);
await using server = await startScratch({ folder });
const address = parseAddress(server.url);
if (!address) throw new Error(`${server.url} is no address`);
using db = await Database.connect(address);
const fill = (keys: number) => Promise.all(Array.from({ length: keys }, (_, key) => db.call('SET', key, hex(MIB))));
await fill(scenario === 'earlier-dump' ? 2 : 8);
if (scenario === 'earlier-dump') await db.call('SAVE');

const failure = await take(db, { timeouts: { busySeconds: 10, saveSeconds: 10 } }).then(
  () => ({}),
  (error: unknown) =>
    error instanceof BackupError
      ? { code: error.code, message: error.message, hint: error.hint }
      : { message: String(error) },
);
const { save } = await db.info();
process.stdout.write(`${JSON.stringify({ ...failure, saves: String(save.startedCount) })}\n`);

/** Random text: its dump takes a bit more than half of it. */
function hex(length: number): string {
  return randomBytes(length / 2).toString('hex');
}
