import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../../../../core/model/collapse.ts';
import { planRetention, type Retainable, type RetentionPolicy } from '../../../../core/model/retention.ts';
import { parseRules } from '../../../../core/model/retention-rules.ts';
import { TIERS, type Tier } from '../../../../core/model/tiers.ts';
import { DEFAULT_POLICY, retainable, scheduledOn } from '../../../support/retainables.ts';

const NOW = new Date('2026-11-23T05:00:00Z');
const DAY_MS = 24 * 3600 * 1000;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

const kept = (backups: Retainable[], policy = DEFAULT_POLICY, now = NOW) =>
  planRetention(backups, policy, now)
    .filter(({ keep }) => keep)
    .map(({ backup }) => backup);
const reasonOf = (backups: Retainable[], backup: Retainable, policy = DEFAULT_POLICY) =>
  planRetention(backups, policy, NOW).find((decision) => decision.backup === backup)?.reason;

const graphs = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c'), nodes: fc.nat(2000) }), {
  selector: ({ name }) => name,
  maxLength: 3,
});
/** What may take the place of others. */
const counts = ({ isGood, isComplete, takenAt }: Retainable) =>
  isGood && isComplete && takenAt.getTime() <= NOW.getTime() + 3600 * 1000;
const backups = fc.uniqueArray(
  fc
    .record({
      tier: fc.constantFrom(...TIERS),
      hoursAgo: fc.integer({ min: -50, max: 24 * 800 }),
      isGood: fc.boolean(),
      isComplete: fc.boolean(),
      isPinned: fc.boolean(),
      isInUse: fc.boolean(),
      isCollapseAccepted: fc.boolean(),
      graphs,
    })
    .map(({ tier, hoursAgo, ...facts }) =>
      retainable(tier, new Date(NOW.getTime() - hoursAgo * 3600 * 1000), {
        ...facts,
        isComplete: facts.isComplete || hoursAgo % 3 !== 0,
        isPinned: facts.isPinned && hoursAgo % 5 === 0,
        isInUse: facts.isInUse && hoursAgo % 5 === 1,
        isCollapseAccepted: facts.isCollapseAccepted && hoursAgo % 7 === 0,
      }),
    ),
  { selector: ({ backupId }) => backupId, maxLength: 40 },
);
const rules = fc.constantFrom(
  'last 1',
  'all 1d',
  'all 48h, daily 7d',
  'hourly 1d, weekly 8w',
  'all 30d, monthly 12mo',
  'yearly 2y',
);
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  tiers: fc.record(
    Object.fromEntries(TIERS.map((tier) => [tier, rules.map(parseRules)])) as Record<
      Tier,
      fc.Arbitrary<ReturnType<typeof parseRules>>
    >,
  ),
  minimumGood: fc.integer({ min: 1, max: 5 }),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'),
});

describe('whatever the policy', () => {
  const check = (property: (backups: Retainable[], policy: RetentionPolicy) => void) =>
    fc.assert(fc.property(backups, policies, property), { numRuns: 300 });

  it('the newest good backup of a target stays, and so do the minimum of them', () =>
    check((all, policy) => {
      const regular = all.filter((each) => counts(each) && each.tier !== 'pre-restore');
      const good = regular.length > 0 ? regular : all.filter(counts);
      const newest = good.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime()).slice(0, policy.minimumGood);
      const times = kept(all, policy).map(({ takenAt }) => takenAt.getTime());
      for (const { takenAt } of newest) expect(times).toContain(takenAt.getTime());
    }));

  it('what is pinned or being restored stays', () =>
    check((all, policy) => {
      const remaining = kept(all, policy);
      for (const backup of all) if (backup.isPinned || backup.isInUse) expect(remaining).toContain(backup);
    }));

  it('as many readable backups as the minimum stay where none is good', () =>
    check((all, policy) => {
      const readable = all.filter(counts).map((backup) => ({ ...backup, isGood: false }));
      const regular = readable.filter(({ tier }) => tier !== 'pre-restore');
      const expected = Math.min(policy.minimumGood, (regular.length > 0 ? regular : readable).length);
      expect(kept(readable, policy).length).toBeGreaterThanOrEqual(expected);
    }));

  it('no backup goes because of one that is not good', () =>
    check((all, policy) => {
      const good = all.filter(counts);
      expect(kept(all, policy).filter(counts)).toEqual(kept(good, policy));
    }));

  it('what stays, stays when it is asked again', () =>
    check((all, policy) => {
      const once = kept(all, policy);
      expect(kept(once, policy)).toEqual(once);
    }));

  it('the order of the backups does not matter', () =>
    check((all, policy) => {
      const ids = (list: Retainable[]) =>
        kept(list, policy)
          .map(({ backupId }) => backupId)
          .sort();
      expect(ids(all.toReversed())).toEqual(ids(all));
    }));

  it('what was lost, against the newest good backup, is still in one that stays, unless somebody vouched for less', () =>
    check((all, policy) => {
      const remaining = kept(all, policy);
      const regular = all.filter((each) => counts(each) && each.tier !== 'pre-restore');
      const newestFirst = regular.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
      const [newest] = newestFirst;
      const vouched = newestFirst.find(({ isPinned, isCollapseAccepted }) => isPinned || isCollapseAccepted);
      for (const backup of regular) {
        if (!newest || (vouched && backup.takenAt <= vouched.takenAt) || !describeLoss(backup, newest)) continue;
        expect(remaining.some((other) => other === backup || !describeLoss(backup, other))).toBe(true);
      }
    }));

  it('every decision has a reason', () =>
    check((all, policy) => {
      for (const { reason } of planRetention(all, policy, NOW)) expect(reason).toMatch(/\w/);
    }));
});

describe('a life of three years at the default schedules, pruned each day', () => {
  it('keeps the numbers that the documentation promises', () => {
    let all: Retainable[] = [];
    for (let day = Date.UTC(2024, 0, 1); day < Date.UTC(2027, 0, 1); day += DAY_MS) {
      const prunedAt = new Date(day + 5 * 3600 * 1000);
      const made = [...scheduledOn(new Date(day - DAY_MS)), ...scheduledOn(new Date(day))];
      const known = new Set(all.map(({ backupId }) => backupId));
      const fresh = made
        .filter(([, at]) => at <= prunedAt && at.getTime() > prunedAt.getTime() - DAY_MS)
        .map(([tier, at]) => retainable(tier, at))
        .filter(({ backupId }) => !known.has(backupId));
      all = kept([...all, ...fresh], DEFAULT_POLICY, prunedAt);
      if (day < Date.UTC(2025, 1, 1)) continue;
      const count = (tier: Tier) => all.filter((backup) => backup.tier === tier).length;
      expect({
        daily: count('daily'),
        weekly: count('weekly'),
        monthly: count('monthly'),
        snapshot: count('snapshot'),
      }).toEqual({
        daily: 30,
        weekly: 12,
        monthly: 12,
        snapshot: 17,
      });
    }
  });
});

describe('where little is good', () => {
  const old = (days: number, facts: Partial<Retainable> = {}, tier: Tier = 'daily') =>
    retainable(tier, daysAgo(days), facts);
  const failed = { isGood: false };

  it('keeps the newest readable ones where none is', () => {
    const all = [50, 48, 45, 40].map((days) => old(days, failed));
    expect(kept(all)).toEqual(all.slice(1));
    expect(planRetention(all, DEFAULT_POLICY, NOW).map(({ reason }) => reason)).toEqual([
      'daily: older than 30 days; it is no good backup',
      'one of the 3 newest readable backups',
      'one of the 3 newest readable backups',
      'the newest readable backup',
    ]);
  });

  it('does not let a safety backup alone stand for those that failed to load', () => {
    const all = [old(50, failed), old(45, {}, 'pre-restore')];
    expect(kept(all)).toEqual(all);
  });

  it('keeps those without their bytes, and lets them take the place of none', () => {
    const incomplete = { isComplete: false };
    const all = [old(60), old(50), old(40, incomplete), old(35, incomplete)];
    expect(kept(all, { ...DEFAULT_POLICY, minimumGood: 1 })).toEqual(all.slice(1));
    expect(reasonOf(all, all[3] ?? old(0))).toBe('its dump is missing: look at it');
  });

  it('keeps those stamped in the future, and lets them take the place of none', () => {
    const ahead = old(-2, { graphs: [], isPinned: true });
    const all = [old(60), old(50), ahead];
    expect(kept(all, { ...DEFAULT_POLICY, minimumGood: 1 })).toEqual(all.slice(1));
    expect(reasonOf(all, ahead)).toBe('stamped in the future: look at it');
    expect(reasonOf([old(50), old(-0.04)], old(-0.04))).not.toBe('stamped in the future: look at it');
  });

  it('keeps the newest safety backup, however old', () => {
    const all = [old(60, {}, 'pre-restore'), old(50, {}, 'pre-restore'), ...[1, 2, 3].map((days) => old(days))];
    expect(kept(all)).toEqual(all.slice(1));
  });
});

describe('the collapse guard', () => {
  const full = (days: number, facts: Partial<Retainable> = {}) => retainable('daily', daysAgo(days), facts);
  const half = { graphs: [{ name: 'g', nodes: 499 }] };

  it('holds back what the newest backup has lost, and says what to do', () => {
    const old = full(40);
    const all = [old, full(1, half)];
    expect(kept(all, { ...DEFAULT_POLICY, minimumGood: 1 })).toEqual(all);
    expect(reasonOf(all, old, { ...DEFAULT_POLICY, minimumGood: 1 })).toBe(
      `${all[1]?.backupId} holds 499 nodes, this one 1000; "prune --accept-collapse ${all[1]?.backupId}" if that is right`,
    );
  });

  it.each([
    ['it has half of the nodes', { graphs: [{ name: 'g', nodes: 500 }] }],
    ['somebody accepted it', { ...half, isCollapseAccepted: true }],
    ['it is pinned', { ...half, isPinned: true }],
  ])('does not where %s', (_, facts) => {
    const all = [full(40), full(1, facts)];
    expect(kept(all, { ...DEFAULT_POLICY, minimumGood: 1 })).toEqual(all.slice(1));
  });

  it('holds back a graph that is gone', () => {
    const policy = { ...DEFAULT_POLICY, minimumGood: 1 };
    const two = {
      graphs: [
        { name: 'g', nodes: 1000 },
        { name: 'h', nodes: 1 },
      ],
    };
    const all = [full(40, two), full(1)];
    expect(kept(all, policy)).toEqual(all);
  });

  it('holds back a graph that was emptied, however many nodes the others have', () => {
    const policy = { ...DEFAULT_POLICY, minimumGood: 1 };
    const holding = (nodes: number) => ({
      graphs: [
        { name: 'g', nodes: 100_000 },
        { name: 'h', nodes },
      ],
    });
    const all = [full(50, holding(100)), full(40, holding(100)), full(1, holding(49))];
    expect(kept(all, policy)).toEqual(all.slice(1));
    expect(reasonOf(all, all[1] ?? full(0), policy)).toContain('has lost most nodes of graph h');
    const small = [full(40, holding(99)), full(1, holding(0))];
    expect(kept(small, policy)).toEqual(small.slice(1));
  });

  it('needs one backup to stand for those that hold no more than it', () => {
    const policy = { ...DEFAULT_POLICY, minimumGood: 1 };
    const all = [full(50), full(45), full(40), full(1, half)];
    expect(kept(all, policy)).toEqual(all.slice(2));
  });

  it('is not set off by a safety backup of an empty server, nor by a backup that is no good', () => {
    const policy = { ...DEFAULT_POLICY, minimumGood: 1 };
    const empty = retainable('pre-restore', daysAgo(0.5), { graphs: [] });
    const all = [full(40), full(1), empty, full(0.2, { isGood: false, graphs: [] })];
    expect(kept(all, policy)).toEqual(all.slice(1));
  });
});

it('plans ten thousand backups without taking noticeable time', () => {
  const all = Array.from({ length: 10_000 }, (_, index) =>
    retainable(TIERS[index % TIERS.length] ?? 'daily', daysAgo(index / 10)),
  );
  expect(planRetention(all, DEFAULT_POLICY, NOW)).toHaveLength(10_000);
});

it('tells why a backup goes', () => {
  const old = retainable('snapshot', daysAgo(9));
  const bad = retainable('daily', daysAgo(40), { isGood: false });
  const all = [old, bad, ...[1, 2, 3].map((days) => retainable('daily', daysAgo(days)))];
  expect(reasonOf(all, old)).toBe('snapshot: older than 48 hours, not the newest of a day within 7 days');
  expect(reasonOf(all, bad)).toBe('daily: older than 30 days; it is no good backup');
});
