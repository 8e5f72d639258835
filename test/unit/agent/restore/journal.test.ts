import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Journal, type JournalRecord } from '../../../../agent/restore/journal.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

const RECORD: JournalRecord = {
  schemaVersion: 1,
  runId: '20261123T023000Z-a',
  target: 'prod',
  startedAt: '2026-11-23T02:30:00.000Z',
  process: { host: 'h', pid: 7, bootId: null, pidNamespace: null, startTicks: null },
  source: '20261122T023000Z-prod-daily',
  safetyBackupId: null,
  server: { address: 'redis://127.0.0.1:6379', runId: 'r', configRewrites: 0 },
  connections: [3],
  master: null,
  masterauthSha256: null,
  streams: [],
  expected: null,
  old: null,
};

let temporary: TemporaryFolder;
let folder: string;
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = join(temporary.path, 'new', 'state');
  return () => temporary[Symbol.asyncDispose]();
});

describe('Journal', () => {
  it('is found again as it was last updated, by its target', async () => {
    const journal = await Journal.create(folder, RECORD);
    await journal.update({ master: { host: '10.0.0.1', port: 7000 } });
    const found = await Journal.find(folder, 'prod');
    expect(found?.record).toEqual({ ...RECORD, master: { host: '10.0.0.1', port: 7000 } });
    expect(await Journal.find(folder, 'staging')).toBeUndefined();
  });

  it('can be read by its user alone, and leaves nothing else behind', async () => {
    const { path } = await Journal.create(folder, RECORD);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['restore-prod.json']);
  });

  it('is there once: the next restore is refused until it is removed', async () => {
    const journal = await Journal.create(folder, RECORD);
    const next = () => Journal.create(folder, { ...RECORD, runId: '20261123T023100Z-b' });
    await expect(next()).rejects.toMatchObject({
      code: 'restore-unfinished',
      hint: expect.stringContaining('--recover'),
    });
    await journal.remove();
    await next();
  });

  it('is not touched by a process whose restore was ended by another one', async () => {
    const sleeper = await Journal.create(folder, RECORD);
    await (await Journal.find(folder, 'prod'))?.remove();
    await expect(sleeper.update({ connections: [] })).rejects.toMatchObject({ code: 'lease-lost' });
    const other = await Journal.create(folder, { ...RECORD, runId: '20261123T023100Z-b' });
    await expect(sleeper.remove()).rejects.toMatchObject({ code: 'lease-lost' });
    expect(JSON.parse(await readFile(other.path, 'utf8'))).toMatchObject({ runId: '20261123T023100Z-b' });
  });

  it.each(['', '{', '{"schemaVersion": 1}', '{"schemaVersion": 2}'])(
    'says what to do about the content %j',
    async (text) => {
      const { path } = await Journal.create(folder, RECORD);
      await writeFile(path, text);
      await expect(Journal.find(folder, 'prod')).rejects.toMatchObject({
        code: 'integrity',
        message: expect.stringContaining(path),
      });
    },
  );

  it('says where it cannot be written', async () => {
    const file = join(temporary.path, 'file');
    await writeFile(file, '');
    await expect(Journal.create(join(file, 'state'), RECORD)).rejects.toMatchObject({
      code: 'invalid-settings',
      hint: expect.stringContaining('BACKUP_STATE_DIR'),
    });
  });
});
