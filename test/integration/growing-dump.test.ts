import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import type { DumpSource } from '../../agent/falkordb/dump-source.ts';
import { useDump } from '../../agent/falkordb/open-dump.ts';
import { DEFAULTS, dumpOfServer, loaded, open, readWhole, take } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const KIB = 1024;
const KEYS = 60;
const DELAY_MICROSECONDS = 20_000;

/** Its save takes more than a second, and its bytes reach the file as it goes on. */
async function startSlowlySaving(): Promise<LiveServer> {
  const live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  await live.fill(KEYS, 64 * KIB);
  await live.setSaveDelay(DELAY_MICROSECONDS);
  return live;
}

const contents = async (fresh: LiveServer) => [await fresh.nodeCounts(), await fresh.client.dbsize()];

/** Reads a dump until some of its bytes came, does this, and reads on. */
async function interrupted(dump: DumpSource, what: () => Promise<void>) {
  const chunks = dump.bytes[Symbol.asyncIterator]();
  const first = await chunks.next();
  await what();
  return readWhole({ ...dump, bytes: { [Symbol.asyncIterator]: () => chunks } }, [first.value]);
}

test('a dump is read while it is written', async () => {
  await using live = await startSlowlySaving();
  using db = await Database.connect(live.address);
  const dump = await open(db);
  const whole = await interrupted(dump, async () => {
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
  });
  expect(whole.facts).toMatchObject({ checksum: 'verified', bytes: (await dump.written).sizeBytes });
  expect((await dump.written).save?.startedCount).toBe(1);
  expect(await loaded(whole, contents)).toEqual([{ g: 1 }, KEYS + 1]);
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
    expect(lines).toEqual(['The dump was replaced while it was read.']);
    expect(taken.value.facts.checksum).toBe('verified');
    expect(await loaded(taken.value, (fresh) => fresh.nodeCounts())).toEqual(graphs);
  });
});

describe('where it cannot be seen growing', () => {
  test('it is read when it is finished', async () => {
    await using live = await startSlowlySaving();
    await using elsewhere = await dumpAlone(live);
    using db = await Database.connect(live.address);
    const dump = await open(db, { dataFolder: elsewhere.path });
    expect(await live.info('rdb_bgsave_in_progress')).toBe('0');
    expect(await loaded(await readWhole(dump), contents)).toEqual([{ g: 1 }, KEYS + 1]);
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
    expect(await loaded((await taking).value, contents)).toEqual([{ g: 1 }, KEYS + 1]);
    expect(lines).toEqual(['The dump was replaced while it was read.']);
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
