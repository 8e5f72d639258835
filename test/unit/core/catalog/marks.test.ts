import { beforeEach, describe, expect, it } from 'vitest';
import { listBackups } from '../../../../core/catalog/catalog.ts';
import { addMark, readMarks } from '../../../../core/catalog/marks.ts';
import { parseBackupId } from '../../../../core/model/backup-id.ts';
import { manifestKey, markKey } from '../../../../core/model/keys.ts';
import { isPinned, type MarkKind } from '../../../../core/model/mark.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const NOW = new Date('2026-11-23T05:00:00.500Z');
const ID = '20261122T023000Z-prod-daily';
const PARTS = parseBackupId(ID) ?? { target: '', tier: 'daily', scheduledFor: NOW };

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await storeBackup(store, 'prod', 'daily', new Date('2026-11-22T02:30:00Z'));
});

const mark = (kind: MarkKind, note: string | null = null) =>
  addMark(store, PARTS, { mark: kind, by: 'me@here', note, now: NOW });
const isPinnedInList = async () => (await listBackups(store)).map(({ pinned }) => pinned);

describe('marks of a backup', () => {
  it('are kept in the order in which they were made, even within one second', async () => {
    await mark('pinned', 'before the migration');
    await mark('unpinned');
    await mark('pinned');
    expect((await readMarks(store, PARTS)).map((each) => [each.mark, each.note, each.at.slice(0, 19)])).toEqual([
      ['pinned', 'before the migration', '2026-11-23T05:00:00'],
      ['unpinned', null, '2026-11-23T05:00:01'],
      ['pinned', null, '2026-11-23T05:00:02'],
    ]);
  });

  it('make it pinned or not: the last one counts, whatever else was said', async () => {
    expect(await isPinnedInList()).toEqual([false]);
    await mark('pinned');
    await mark('collapse-accepted');
    expect(await isPinnedInList()).toEqual([true]);
    expect((await listBackups(store))[0]).toMatchObject({ collapseAccepted: true });
    await mark('unpinned');
    expect(await isPinnedInList()).toEqual([false]);
  });

  it('are refused for a backup that does not exist', async () => {
    const other = { ...PARTS, target: 'staging' };
    const request = { mark: 'pinned' as const, by: 'me', note: null, now: NOW };
    await expect(addMark(store, other, request)).rejects.toMatchObject({ code: 'backup-not-found' });
  });

  it('are refused for one that is removed while it is being marked', async () => {
    const racing = watched(store, async (call, key) => {
      if (call === 'put' && key.includes('/marks/')) await store.delete(manifestKey(PARTS));
    });
    const request = { mark: 'pinned' as const, by: 'me', note: null, now: NOW };
    await expect(addMark(racing, PARTS, request)).rejects.toMatchObject({ code: 'backup-not-found' });
  });

  it('count by their name alone where their content is damaged', async () => {
    await store.put(markKey(PARTS, NOW, 'pinned'), new TextEncoder().encode('{'));
    expect(await isPinnedInList()).toEqual([true]);
    expect(await readMarks(store, PARTS)).toEqual([]);
  });
});

it('does not go by the order of what it is given', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  expect(
    isPinned([
      { at: at(2), mark: 'unpinned' },
      { at: at(1), mark: 'pinned' },
    ]),
  ).toBe(false);
  expect(
    isPinned([
      { at: at(2), mark: 'pinned' },
      { at: at(1), mark: 'unpinned' },
    ]),
  ).toBe(true);
});
