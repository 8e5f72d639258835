import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { loaded, take } from '../support/dumps.ts';
import { saveChild, startLiveServer } from '../support/live-server.ts';

const MILLISECOND = 1000;
const SECOND = 1000 * MILLISECOND;

describe('what runs already', () => {
  test('a save is waited for, and the dump is that of a later save of our own', async () => {
    await using live = await startLiveServer();
    await live.graph('g', 'CREATE (:Early)');
    await live.fill(60);
    await live.setSaveDelay(15 * MILLISECOND);
    await live.client.bgsave();
    await live.setSaveDelay(0);
    await live.graph('g', 'CREATE (:Late)');
    using db = await Database.connect(live.address);
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');

    const dump = await take(db);

    expect(dump.written.save?.startedCount).toBe(2);
    expect(await loaded(dump.value, (fresh) => fresh.nodeCounts())).toEqual({ g: 2 });
  });

  test('a rewrite of the AOF is waited for', async () => {
    await using live = await startLiveServer({ config: { appendonly: 'yes' } });
    await live.fill(60);
    await live.setSaveDelay(15 * MILLISECOND);
    await live.client.bgrewriteaof();
    await live.setSaveDelay(0);
    await live.graph('g', 'CREATE (:Late)');
    using db = await Database.connect(live.address);
    expect(await live.info('aof_rewrite_in_progress')).toBe('1');

    const dump = await take(db);

    expect(await live.info('aof_rewrite_in_progress')).toBe('0');
    expect(await loaded(dump.value, (fresh) => fresh.nodeCounts())).toEqual({ g: 1 });
  });

  test.each([
    ['another save', 'bgsave'],
    ['an AOF rewrite', 'bgrewriteaof'],
  ] as const)('%s is not waited for longer than asked', async (what, command) => {
    await using live = await startLiveServer({ config: { appendonly: 'yes', 'rdb-key-save-delay': String(SECOND) } });
    await live.fill(60);
    await live.client[command]();
    using db = await Database.connect(live.address);
    await expect(take(db, { timeouts: { busySeconds: 0.2, saveSeconds: 60 } })).rejects.toMatchObject({
      code: 'database-busy',
      message: expect.stringContaining(what),
      hint: expect.stringContaining('BACKUP_BUSY_TIMEOUT_SECONDS'),
      retryable: true,
    });
  });

  test('the wait ends with the wish to stop', async () => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': String(SECOND) } });
    await live.fill(60);
    await live.client.bgsave();
    using db = await Database.connect(live.address);
    const stop = new AbortController();
    const taking = take(db, { signal: stop.signal });
    stop.abort();
    await expect(taking).rejects.toThrow(/abort/i);
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
  });
});

describe('a save that fails', () => {
  test('is tried a second time', async () => {
    await using live = await startLiveServer();
    await live.graph('g', 'CREATE (:Node)');
    await live.fill(50);
    await live.setSaveDelay(20 * MILLISECOND);
    using db = await Database.connect(live.address);
    const taking = take(db);
    const first = await saveChild(live);
    await live.setSaveDelay(0);
    process.kill(first, 'SIGKILL');

    const dump = await taking;

    expect(dump.written.save?.startedCount).toBe(2);
    const found = await loaded(dump.value, async (fresh) => [await fresh.nodeCounts(), await fresh.filledKeys()]);
    expect(found).toEqual([{ g: 1 }, 50]);
  });

  test('twice fails the dump, and says where to look', async () => {
    await using live = await startLiveServer();
    // Nothing can be renamed over a folder that is not empty.
    await mkdir(join(live.server.folder, 'dump.rdb', 'in the way'), { recursive: true });
    using db = await Database.connect(live.address);
    await expect(take(db)).rejects.toMatchObject({
      code: 'database-failed',
      message: expect.stringContaining('failed to save its data'),
      hint: expect.stringContaining('log'),
      retryable: true,
    });
    expect(await live.info('rdb_saves')).toBe('2');
    expect(await live.info('rdb_last_bgsave_status')).toBe('err');
  });

  test('for it never ends is given up at the deadline', async () => {
    await using live = await startLiveServer();
    await live.fill(50);
    await live.setSaveDelay(20 * MILLISECOND);
    using db = await Database.connect(live.address);
    const taking = take(db, { timeouts: { busySeconds: 60, saveSeconds: 0.5 } });
    const refused = expect(taking).rejects.toMatchObject({
      code: 'deadline',
      message: expect.stringContaining('0.5 s'),
      hint: expect.stringContaining('redis-rdb-bgsave'),
    });
    const child = await saveChild(live);
    process.kill(child, 'SIGSTOP');
    try {
      await refused;
      expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });
});

describe('FLUSHALL while we save', () => {
  test.each([
    ['ends the save without a word, which is then made again', ''],
    ['saves the emptiness over our dump, which is not taken for ours', '3600 1'],
  ])('%s', async (_, savePoints) => {
    await using live = await startLiveServer({ config: { save: savePoints } });
    await live.fill(50);
    await live.client.save();
    await live.graph('old', 'CREATE (:Old)');
    await live.setSaveDelay(20 * MILLISECOND);
    using db = await Database.connect(live.address);
    const taking = take(db);
    await saveChild(live);
    await live.setSaveDelay(0);
    await live.client.flushall();
    await live.graph('new', 'CREATE (:New)');

    const dump = await taking;

    // One by us before, one that was ended, one whose dump this is.
    expect(dump.written.save?.startedCount).toBe(3);
    const found = await loaded(dump.value, async (fresh) => [await fresh.nodeCounts(), await fresh.filledKeys()]);
    expect(found).toEqual([{ new: 1 }, 0]);
  });
});
