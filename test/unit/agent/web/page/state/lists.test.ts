import { describe, expect, it } from 'vitest';
import { limitFor, type Pages, readOn, readPages, readSince } from '../../../../../../agent/web/page/state/pages.ts';
import {
  initialRemote,
  type Remote,
  type RemoteAction,
  reduceRemote,
} from '../../../../../../agent/web/page/state/remote.ts';
import { formatRoute, parseRoute } from '../../../../../../agent/web/page/state/route.ts';

const NUMBERS = ['9', '8', '7', '6', '5', '4', '3', '2', '1'];
const PAGE = 2;

/** Two at a time, newest first. */
async function readNumbers(before: string | null): Promise<Pages<string>> {
  const rest = NUMBERS.filter((number) => before === null || number < before);
  const items = rest.slice(0, PAGE);
  return { items, total: NUMBERS.length, next: rest.length > PAGE ? (items.at(-1) ?? null) : null };
}

describe('a list that is read page by page', () => {
  it('is read as far as it was before', async () => {
    expect((await readPages(readNumbers, 0)).items).toEqual(['9', '8']);
    expect(await readPages(readNumbers, 3)).toEqual({ items: ['9', '8', '7', '6'], total: 9, next: '6' });
    expect(await readPages(readNumbers, 99)).toEqual({ items: NUMBERS, total: 9, next: null });
  });

  it('is read in whole pages, by as few requests as can be', async () => {
    expect([0, 1, 25, 26, 225].map(limitFor)).toEqual([25, 25, 25, 50, 200]);
    const asked: number[] = [];
    await readPages((before, missing) => {
      asked.push(missing);
      return readNumbers(before);
    }, 5);
    expect(asked).toEqual([5, 3, 1]);
  });

  it('goes on behind what there is', async () => {
    const first = await readPages(readNumbers, 0);
    expect((await readOn(readNumbers, first)).items).toEqual(['9', '8', '7', '6']);
  });

  it('is read until one is too old', async () => {
    let pages = 0;
    const counted = (before: string | null) => {
      pages += 1;
      return readNumbers(before);
    };
    expect(await readSince(counted, (number) => number, '6')).toEqual(['9', '8', '7', '6']);
    expect(pages).toBe(3);
  });
});

describe('what was asked for', () => {
  const error = { code: 'unreachable', message: 'no', hint: null };
  const reduced = (...actions: RemoteAction<string>[]) =>
    actions.reduce<Remote<string>>(reduceRemote, initialRemote('a'));

  it('stays while it is asked for again, also in vain', () => {
    const state = reduced(
      { type: 'answered', key: 'a', data: 'x' },
      { type: 'asked', key: 'a' },
      { type: 'failed', key: 'a', error, at: 1 },
      { type: 'failed', key: 'a', error, at: 2 },
    );
    expect(state).toEqual({ key: 'a', data: 'x', isLoading: false, failure: { since: 1, error } });
  });

  it('is not shown for another question', () => {
    expect(reduced({ type: 'answered', key: 'a', data: 'x' }, { type: 'asked', key: 'b' }).data).toBeUndefined();
    const late = reduced({ type: 'asked', key: 'b' }, { type: 'answered', key: 'a', data: 'x' });
    expect(late).toEqual(initialRemote('b'));
  });
});

describe('the address behind #', () => {
  it('holds view, filters and the open backup', () => {
    const route = { view: 'backups', params: { tier: 'daily', search: 'a b&c' }, backup: 'id-1' } as const;
    expect(formatRoute(route)).toBe('#/backups?tier=daily&search=a+b%26c&backup=id-1');
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it('leaves out what is empty', () => {
    expect(formatRoute({ view: 'runs', params: { target: '' } })).toBe('#/runs');
    expect(parseRoute('#/runs?target=')).toEqual({ view: 'runs', params: {}, backup: undefined });
  });

  it.each(['', '#', '#/', '#/nonsense', 'nonsense?x=1'])('leads to the overview from "%s"', (hash) => {
    expect(parseRoute(hash).view).toBe('overview');
  });
});
