import { describe, expect, test } from 'vitest';
import { BoundedMap } from '../../../../agent/web/bounded-map.ts';
import { Cached, SingleFlight, within } from '../../../../agent/web/cached.ts';
import { Costly } from '../../../../agent/web/costly.ts';
import { RateLimit } from '../../../../agent/web/rate-limit.ts';

function clock() {
  let ms = 0;
  return {
    elapsedMs: () => ms,
    pass: (more: number) => {
      ms += more;
    },
  };
}

describe('what is cached', () => {
  const counted = (fail: () => boolean = () => false) => {
    let reads = 0;
    return async () => {
      reads += 1;
      if (fail()) throw new Error(`failure ${reads}`);
      return reads;
    };
  };

  test('is read once for all who ask while it is fresh', async () => {
    const { elapsedMs, pass } = clock();
    const cached = new Cached(counted(), { freshMs: 1000, elapsedMs });
    expect(await Promise.all([cached.get(), cached.get()])).toEqual([1, 1]);
    pass(999);
    expect(await cached.get()).toBe(1);
    pass(1);
    expect(await cached.get()).toBe(2);
  });

  test('is read anew after it was dropped, also while it is being read', async () => {
    const turns: PromiseWithResolvers<string>[] = [];
    const cached = new Cached(
      () => {
        const turn = Promise.withResolvers<string>();
        turns.push(turn);
        return turn.promise;
      },
      { freshMs: 1000 },
    );
    const first = cached.get();
    cached.drop();
    const second = cached.get();
    turns[0]?.resolve('old');
    expect(await first).toBe('old');
    const third = cached.get();
    turns[1]?.resolve('new');
    expect([await second, await third]).toEqual(['new', 'new']);
    expect(turns).toHaveLength(2);
  });

  test('fails for all who ask, and is tried again sooner', async () => {
    const { elapsedMs, pass } = clock();
    let fails = true;
    const cached = new Cached(
      counted(() => fails),
      { freshMs: 10_000, failureMs: 100, elapsedMs },
    );
    const [one, two] = await Promise.allSettled([cached.get(), cached.get()]);
    expect(one).toEqual(two);
    await expect(cached.get()).rejects.toThrow('failure 1');
    fails = false;
    pass(100);
    expect(await cached.get()).toBe(2);
  });
});

test('a flight is joined by its name, and begins again when it has ended', async () => {
  const flights = new SingleFlight<number>();
  let begun = 0;
  const work = async () => ++begun;
  expect(await Promise.all([flights.run('a', work), flights.run('a', work), flights.run('b', work)])).toEqual([
    1, 1, 2,
  ]);
  expect(flights.size).toBe(0);
  expect(await flights.run('a', work)).toBe(3);
});

describe('waiting', () => {
  const late = () => new Error('late');

  test('ends with the work', async () => {
    expect(await within(Promise.resolve(7), 10_000, late)).toBe(7);
    await expect(within(Promise.reject(new Error('failed')), 10_000, late)).rejects.toThrow('failed');
  });

  test('ends without it', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(within(promise, 10, late)).rejects.toThrow('late');
    // Nobody hears of it any more; unhandled it would end the test run.
    reject(new Error('too late'));
  });
});

describe('costly answers', () => {
  test('are made once for all who ask for the same, and only so many at once', async () => {
    const costly = new Costly<string>('It');
    const open = Promise.withResolvers<string>();
    const asked = ['a', 'b', 'c', 'd'].map((name) => costly.answer(name, () => open.promise));
    asked.push(costly.answer('a', () => expect.unreachable('it is being made')));
    await expect(costly.answer('e', async () => 'e')).rejects.toThrow('4 others of this kind are being made.');
    open.resolve('done');
    expect(await Promise.all(asked)).toEqual(Array(5).fill('done'));
    expect(await costly.answer('e', async () => 'e')).toBe('e');
  });

  test('are made only so often', async () => {
    const costly = new Costly<number>('It');
    for (let made = 0; made < 30; made++) await costly.answer('a', async () => made);
    await expect(costly.answer('a', async () => 30)).rejects.toThrow('30 of this kind were made within a minute.');
  });

  test('are given to all who ask while they are fresh, and failures are not', async () => {
    const { elapsedMs, pass } = clock();
    const costly = new Costly<number>('It', { freshMs: 1000, elapsedMs });
    await expect(costly.answer('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    for (let asked = 0; asked < 100; asked++) expect(await costly.answer('a', async () => asked)).toBe(0);
    expect(await costly.answer('b', async () => 7)).toBe(7);
    pass(1000);
    expect(await costly.answer('a', async () => 8)).toBe(8);
  });
});

describe('a limit', () => {
  test('is for each key and window', () => {
    const { elapsedMs, pass } = clock();
    const limit = new RateLimit({ max: 2, windowMs: 60_000, elapsedMs });
    limit.count('a');
    pass(20_500);
    expect(limit.waitSeconds('a')).toBe(0);
    limit.count('a');
    expect([limit.waitSeconds('a'), limit.waitSeconds('b')]).toEqual([40, 0]);
    pass(39_500);
    expect(limit.waitSeconds('a')).toBe(0);
    limit.count('a');
    expect(limit.waitSeconds('a')).toBe(0);
  });

  test('remembers so many keys', () => {
    const { elapsedMs, pass } = clock();
    const limit = new RateLimit({ max: 1, windowMs: 1000, elapsedMs, maxKeys: 3 });
    for (const key of ['a', 'b', 'c', 'd']) {
      limit.count(key);
      pass(10);
    }
    expect(['a', 'b', 'c', 'd'].map((key) => limit.waitSeconds(key) > 0)).toEqual([false, true, true, true]);
  });
});

test('a bounded map forgets what was longest not asked for', () => {
  const map = new BoundedMap<number>(10);
  map.set('a', 1, 4);
  map.set('b', 2, 4);
  expect(map.get('a')).toBe(1);
  map.set('c', 3, 4);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  map.set('c', 4, 9);
  expect([map.get('a'), map.get('c')]).toEqual([undefined, 4]);
  map.set('d', 5, 11);
  expect(map.size).toBe(0);
});
