import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import type { DumpSource } from '../../agent/falkordb/dump-source.ts';
import { useDump } from '../../agent/falkordb/open-dump.ts';
import { BackupError } from '../../core/model/errors.ts';
import { UPLOAD_SUFFIX } from '../../core/store/file/upload.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, dumpOf, manifestOf, nextTime } from '../support/backups.ts';
import { DEFAULTS, dumpOfServer, loaded, open, readAll, readWhole, take } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const KIB = 1024;
const KEYS = 60;
const DELAY_MICROSECONDS = 20_000;
const ONCE_MORE = 'Taking the dump once more: The dump was replaced while it was read.';

/** Its save takes more than a second, and its bytes reach the file as it goes on. */
async function startSlowlySaving(config: Record<string, string> = {}): Promise<LiveServer> {
  const live = await startLiveServer({ config });
  await live.graph('g', 'CREATE (:Node)');
  await live.fill(KEYS, 64 * KIB);
  await live.setSaveDelay(DELAY_MICROSECONDS);
  return live;
}

const isUpload = (name: string) => name.endsWith(UPLOAD_SUFFIX);

const contents = async (fresh: LiveServer) => [await fresh.nodeCounts(), await fresh.filledKeys()];

/** Reads a dump until some of its bytes came, does this, and reads on. */
async function interrupted(dump: DumpSource, what: () => Promise<void>) {
  const chunks = dump.bytes[Symbol.asyncIterator]();
  const first = await chunks.next();
  await what();
  return readAll({ ...dump, bytes: { [Symbol.asyncIterator]: () => chunks } }, [first.value]);
}

test('a dump is read while it is written', async () => {
  await using live = await startSlowlySaving();
  using db = await Database.connect(live.address);
  const { value, written } = await useDump(db, DEFAULTS, (dump) =>
    interrupted(dump, async () => {
      expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
    }),
  );
  expect(value.facts).toMatchObject({ checksum: 'verified', bytes: written.sizeBytes });
  expect(written.save?.startedCount).toBe(1);
  expect(await loaded(value, contents)).toEqual([{ g: 1 }, KEYS]);
});

describe('one that is not what the save ends with is dropped, and that one is read', () => {
  test.each<[string, (live: LiveServer) => Promise<unknown>, unknown]>([
    ['the process that writes it was killed', async (live) => process.kill(await saveChild(live), 'SIGKILL'), { g: 1 }],
    ['FLUSHALL has ended it', (live) => live.client.flushall().then(() => live.graph('new', 'CREATE ()')), { new: 1 }],
  ])('%s', async (_, interrupt, graphs) => {
    await using live = await startSlowlySaving();
    using db = await Database.connect(live.address);
    const lines: string[] = [];
    let uses = 0;
    const taken = await useDump(db, { ...DEFAULTS, log: (line) => lines.push(line) }, (dump) => {
      uses += 1;
      if (uses > 1) return interrupted(dump, async () => {});
      return interrupted(dump, async () => {
        await live.setSaveDelay(0);
        await interrupt(live);
      });
    });
    expect({ uses, saves: taken.written.save?.startedCount }).toEqual({ uses: 2, saves: 2 });
    expect(lines).toEqual([ONCE_MORE]);
    expect(taken.value.facts.checksum).toBe('verified');
    expect(await loaded(taken.value, (fresh) => fresh.nodeCounts())).toEqual(graphs);
  });
});

test('one that did not come as it was written is read again, from the finished file', async () => {
  await using live = await startSlowlySaving();
  using db = await Database.connect(live.address);
  const lines: string[] = [];
  let uses = 0;
  const taken = await useDump(db, { ...DEFAULTS, log: (line) => lines.push(line) }, async (dump) => {
    uses += 1;
    const whole = await interrupted(dump, async () => {});
    if (uses === 1) throw new BackupError('integrity', 'A hole was read.');
    return whole;
  });
  expect({ uses, lines }).toEqual({ uses: 2, lines: ['Taking the dump once more: A hole was read.'] });
  expect(taken.written.save?.startedCount).toBe(1);
  expect(await loaded(taken.value, contents)).toEqual([{ g: 1 }, KEYS]);
});

test('a reader that is slow hears of a failed save at once, and reads the dump of the next one', async () => {
  await using live = await startSlowlySaving();
  using db = await Database.connect(live.address);
  let uses = 0;
  const taken = await useDump(db, DEFAULTS, async (dump) => {
    uses += 1;
    if (uses > 1) return interrupted(dump, async () => {});
    return interrupted(dump, async () => {
      process.kill(await saveChild(live), 'SIGKILL');
      await live.setSaveDelay(0);
      await eventually(async () => expect(await live.info('rdb_saves')).toBe('2'));
      await eventually(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('0'));
      await dump.written.catch(() => {});
      await live.graph('later', 'CREATE (:Node)');
      await live.client.save();
    });
  });
  expect({ uses, saves: taken.written.save?.startedCount }).toEqual({ uses: 2, saves: 2 });
  expect(await loaded(taken.value, contents)).toEqual([{ g: 1 }, KEYS]);
});

test('a backup whose dump is replaced half-way is stored whole, and nothing else is', async () => {
  await using live = await startSlowlySaving();
  await using folder = await temporaryFolder();
  const store = new FileStore(folder.path);
  const backingUp = backUp(live, store, { tier: 'daily', scheduledFor: nextTime(), config: { source: 'bgsave' } });
  const child = await saveChild(live);
  const uploads = join(folder.path, '.tmp');
  await eventually(async () => expect((await readdir(uploads)).filter(isUpload)).toHaveLength(1));
  await live.setSaveDelay(0);
  process.kill(child, 'SIGKILL');
  const manifest = manifestOf(await backingUp);
  expect(manifest).toMatchObject({ server: { rdbSaves: 2 }, countsExact: true, rdb: { checksum: 'verified' } });
  expect(await loaded({ bytes: await dumpOf(store, manifest) }, contents)).toEqual([{ g: 1 }, KEYS]);
  expect((await readdir(uploads)).filter(isUpload)).toEqual([]);
});

test('where the server writes no checksum, nothing is read before it is finished', async () => {
  await using live = await startSlowlySaving({ rdbchecksum: 'no' });
  using db = await Database.connect(live.address);
  const dump = await open(db);
  expect(await live.info('rdb_bgsave_in_progress')).toBe('0');
  expect((await readWhole(dump)).facts.checksum).toBe('disabled');
});

describe('where it cannot be seen growing', () => {
  test('it is read when it is finished', async () => {
    await using live = await startSlowlySaving();
    await using elsewhere = await dumpAlone(live);
    using db = await Database.connect(live.address);
    const dump = await open(db, { dataFolder: elsewhere.path });
    expect(await live.info('rdb_bgsave_in_progress')).toBe('0');
    expect(await loaded(await readWhole(dump), contents)).toEqual([{ g: 1 }, KEYS]);
  });

  test('what grows beside it for another server is not taken for it', async () => {
    await using other = await startLiveServer();
    await other.graph('other', 'CREATE (:Node)');
    const foreign = await dumpOfServer(other);
    await using live = await startSlowlySaving();
    await using elsewhere = await dumpAlone(live);
    using db = await Database.connect(live.address);
    const lines: string[] = [];
    const taking = take(db, { dataFolder: elsewhere.path, log: (line) => lines.push(line) });
    await saveChild(live);
    await writeFile(join(elsewhere.path, 'temp-1.rdb'), foreign);
    expect(await loaded((await taking).value, contents)).toEqual([{ g: 1 }, KEYS]);
    expect(lines).toEqual([ONCE_MORE]);
  });

  test('and the dump in its folder is not ours, replication is taken where that is allowed', async () => {
    await using other = await startLiveServer();
    await other.graph('other', 'CREATE (:Node)');
    const foreign = await dumpOfServer(other);
    await using live = await startSlowlySaving();
    await using elsewhere = await temporaryFolder();
    await writeFile(join(elsewhere.path, 'dump.rdb'), foreign);
    using db = await Database.connect(live.address);
    const taking = take(db, { source: 'auto', dataFolder: elsewhere.path });
    await saveChild(live);
    await writeFile(join(elsewhere.path, 'temp-1.rdb'), foreign);
    const taken = await taking;
    expect(taken.kind).toBe('replication');
    expect(await loaded(taken.value, contents)).toEqual([{ g: 1 }, KEYS]);
  });

  /** A folder in which nothing but the finished dump is seen. */
  async function dumpAlone(live: LiveServer): Promise<TemporaryFolder> {
    const folder = await temporaryFolder();
    await symlink(join(live.server.folder, 'dump.rdb'), join(folder.path, 'dump.rdb'));
    return folder;
  }
});

describe('who stops reading', () => {
  test('because of an error does not wait for the save, which goes on', async () => {
    await using live = await startSlowlySaving();
    using db = await Database.connect(live.address);
    const failing = useDump(db, DEFAULTS, async (dump) => {
      for await (const _ of dump.bytes) throw new Error('the store is full');
    });
    await expect(failing).rejects.toThrow('the store is full');
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
    await eventually(async () => expect(await live.info('rdb_last_bgsave_status')).toBe('ok'));
  });

  test('because of a signal does so at once', async () => {
    await using live = await startSlowlySaving();
    using db = await Database.connect(live.address);
    const stop = new AbortController();
    const stopped = useDump(db, { ...DEFAULTS, signal: stop.signal }, async (dump) => {
      for await (const _ of dump.bytes) stop.abort(new Error('enough'));
    });
    await expect(stopped).rejects.toThrow(/enough|abort/);
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
  });

  test('because the server died is told so', async () => {
    await using live = await startSlowlySaving();
    using db = await Database.connect(live.address);
    const taken = useDump(db, DEFAULTS, (dump) =>
      interrupted(dump, async () => void process.kill(live.server.pid, 'SIGKILL')),
    );
    await expect(taken).rejects.toMatchObject({ code: 'database-unreachable', retryable: true });
  });
});
