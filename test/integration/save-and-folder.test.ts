import { randomBytes } from 'node:crypto';
import { cp, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { loaded, open, readWhole, take } from '../support/dumps.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1024 * 1024;
const WORKER = new URL('../support/small-disk-worker.ts', import.meta.url).pathname;

const AN_HOUR = 3600;

async function startWithGraph(graph: string): Promise<LiveServer> {
  const live = await startLiveServer();
  await live.graph(graph, 'CREATE (:Node)');
  return live;
}

/** As if the dump had been written an hour earlier: its own time stamp says so. */
async function makeOlder(path: string): Promise<void> {
  const bytes = await readFile(path);
  const value = bytes.indexOf('ctime') + 'ctime'.length + 1;
  bytes.writeInt32LE(bytes.readInt32LE(value) - AN_HOUR, value);
  await writeFile(path, bytes);
}

test('a dump that is replaced while it is read stays the one it was', async () => {
  await using live = await startWithGraph('g');
  await live.fill(8, MIB);
  using db = await Database.connect(live.address);
  const dump = await open(db);
  await dump.written;
  const inode = (await stat(dump.name)).ino;
  const iterator = dump.bytes[Symbol.asyncIterator]();
  const first = await iterator.next();

  await live.graph('later', 'CREATE (:Node)');
  await live.client.set('key0', randomBytes(MIB));
  await live.client.save();
  await live.client.save();
  expect((await stat(dump.name)).ino).not.toBe(inode);

  const whole = await readWhole({ ...dump, bytes: { [Symbol.asyncIterator]: () => iterator } }, [first.value]);
  expect(whole.facts).toMatchObject({ checksum: 'verified', bytes: (await dump.written).sizeBytes });
  expect(await loaded(whole, (fresh) => fresh.nodeCounts())).toEqual({ g: 1 });
});

describe('a data folder that is not of this server', () => {
  test("is refused where it is another server's, and replication is taken where that is allowed", async () => {
    await using ours = await startWithGraph('ours');
    await using other = await startWithGraph('other');
    await other.client.save();
    using db = await Database.connect(ours.address);
    const dataFolder = other.server.folder;
    await expect(take(db, { dataFolder })).rejects.toMatchObject({
      code: 'dump-not-ours',
      message: expect.stringContaining('did not change while the server saved'),
      hint: expect.stringContaining('FALKORDB_DATA_DIR'),
    });

    const lines: string[] = [];
    const dump = await take(db, { source: 'auto', dataFolder, log: (line) => lines.push(line) });
    expect(dump.kind).toBe('replication');
    expect(lines).toEqual([expect.stringMatching(/^Taking the dump by replication: .*did not change/)]);
    expect(await loaded(dump.value, (fresh) => fresh.nodeCounts())).toEqual({ ours: 1 });
  });

  test('is refused where it is a stale copy, even one that is touched while we save', async () => {
    await using live = await startWithGraph('g');
    await live.client.save();
    await using stale = await temporaryFolder();
    await cp(live.server.folder, stale.path, { recursive: true });
    const staleDump = join(stale.path, 'dump.rdb');
    await makeOlder(staleDump);
    using db = await Database.connect(live.address);
    await expect(take(db, { dataFolder: stale.path })).rejects.toMatchObject({ code: 'dump-not-ours' });

    await live.fill(50);
    await live.setSaveDelay(5000);
    const taking = take(db, { dataFolder: stale.path });
    await saveChild(live);
    await utimes(staleDump, new Date(), new Date());
    await expect(taking).rejects.toMatchObject({
      code: 'dump-not-ours',
      message: expect.stringContaining('time stamp'),
    });
  });

  test.each(['empty', 'missing'])('is refused where it is %s', async (state) => {
    await using live = await startWithGraph('g');
    await using folder = await temporaryFolder();
    const dataFolder = state === 'empty' ? folder.path : join(folder.path, 'missing');
    using db = await Database.connect(live.address);
    await expect(take(db, { dataFolder })).rejects.toMatchObject({
      code: 'dump-not-ours',
      message: expect.stringContaining(dataFolder),
      hint: expect.stringContaining('BACKUP_SOURCE=replication'),
    });

    const lines: string[] = [];
    const dump = await take(db, { source: 'auto', dataFolder, log: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringMatching(/^Taking the dump by replication/)]);
    expect(await loaded(dump.value, (fresh) => fresh.nodeCounts())).toEqual({ g: 1 });
  });

  test('is refused where something else than a dump appears in it', async () => {
    await using live = await startWithGraph('g');
    await live.fill(50);
    await live.setSaveDelay(5000);
    await using folder = await temporaryFolder();
    using db = await Database.connect(live.address);
    const taking = take(db, { dataFolder: folder.path });
    await saveChild(live);
    await writeFile(join(folder.path, 'dump.rdb'), 'no dump');
    await expect(taking).rejects.toMatchObject({
      code: expect.stringMatching(/^(integrity|dump-not-ours)$/),
      message: expect.stringContaining(folder.path),
    });
  });
});

// A user namespace lets any user mount a small disk; some systems forbid that.
const namespaces = await execa('unshare', ['-Urm', 'sh', '-ec', 'mount -t tmpfs tmpfs /tmp'], { reject: false });
const why = namespaces.exitCode === 0 ? '' : ` (no user namespaces here: ${namespaces.stderr})`;

describe.skipIf(why !== '')(`a disk that is too small for a dump${why}`, () => {
  test('is seen before the save, where an earlier dump tells its size', async () => {
    expect(await onSmallDisk('earlier-dump')).toMatchObject({
      code: 'database-unsuitable',
      message: expect.stringMatching(/no room for a dump in .*: \d+ bytes are free, the last one took 1\d{6}\.$/),
      hint: expect.stringContaining('BACKUP_SOURCE=replication'),
      saves: '1',
    });
  });

  test('makes the save fail, where nothing tells', async () => {
    expect(await onSmallDisk('no-dump')).toMatchObject({
      code: 'database-failed',
      hint: expect.stringContaining('disk is full'),
      saves: '2',
    });
  });
});

async function onSmallDisk(scenario: string): Promise<unknown> {
  await using folder = await temporaryFolder();
  const script = 'mount -t tmpfs -o size=2m tmpfs "$1"; shift; exec "$@"';
  const words = ['-Urm', 'sh', '-ec', script, 'sh', folder.path, process.execPath, WORKER, folder.path, scenario];
  const { stdout } = await execa('unshare', words);
  return JSON.parse(stdout);
}
