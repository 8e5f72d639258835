import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { listBackups } from '../../../../core/catalog/catalog.ts';
import { Lease } from '../../../../core/catalog/lease.ts';
import { listRuns } from '../../../../core/catalog/runs.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { decodeRetention } from '../../../../core/model/retention-settings.ts';
import type { ObjectStore } from '../../../../core/store/object-store.ts';
import { type PruneFunctionDeps, prune } from '../../../../lambdas/prune/prune.ts';
import { EXAMPLE_GRAPH } from '../../../support/example-manifest.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const DAY_MS = 24 * 3600 * 1000;
/** The store stamps what is written by the real clock, and prune compares. */
const NOW = new Date(Math.floor(Date.now() / 1000) * 1000);

let store: MemoryStore;
let sink: RecordingSink;
let counts: Record<string, number>;
beforeEach(() => {
  store = new MemoryStore();
  sink = new RecordingSink();
  counts = {};
});

function invoke(input: object, facts: Partial<PruneFunctionDeps> = {}) {
  return prune(input, {
    retention: decodeRetention({ BACKUP_RETENTION_MINIMUM: '1' }),
    store,
    sink,
    worker: { host: 'the-function', pid: 7, toolVersion: '1.2.3' },
    now: () => NOW,
    log: new Logger({ logLevel: 'SILENT' }),
    count: (name, value) => {
      counts[name] = (counts[name] ?? 0) + value;
    },
    remainingMs: 900_001,
    ...facts,
  });
}

const backup = (days: number, target = 'shop', nodes = EXAMPLE_GRAPH.nodes) =>
  storeBackup(store, target, 'daily', new Date(NOW.getTime() - days * DAY_MS), {
    graphs: [{ ...EXAMPLE_GRAPH, nodes }],
  });
const ids = async (target = 'shop') => (await listBackups(store, { target })).map(({ backupId }) => backupId);
const prunesOf = async (target = 'shop') =>
  (await listRuns(store, target, new Date(0))).filter(({ requested }) => requested?.verb === 'prune');

/** Whatever an agent has worked on has a lease. */
async function workOn(...targets: string[]): Promise<void> {
  const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
  for (const target of targets) {
    const request = { target, runId: '20261123T050000Z-x', holder, isDead: () => false, now: () => NOW };
    await (await Lease.acquire(store, request)).release();
  }
}

/** The store of which the backups of some targets cannot be listed. */
const without = (...targets: string[]): ObjectStore =>
  refusing(store, targets, (key) => {
    return new BackupError('store-unavailable', `Cannot list ${key}.`, { hint: 'Wait.', retryable: true });
  });

/** That of which they cannot be listed for good. */
const denying = (inner: ObjectStore, ...targets: string[]): ObjectStore =>
  refusing(inner, targets, (key) => new BackupError('store-denied', `May not list ${key}.`, { hint: 'Ask for it.' }));

function refusing(inner: ObjectStore, targets: string[], toError: (key: string) => BackupError): ObjectStore {
  return watched(inner, async (call, key) => {
    const isTheirs = targets.some((target) => key.includes(`/${target}`));
    if (call === 'list' && isTheirs && !key.startsWith('runs/')) throw toError(key);
  });
}

describe('prune', () => {
  it('removes what is too old of every target, records that and tells it', async () => {
    const [old, young, theirs] = [await backup(40), await backup(1), await backup(50, 'wiki')];
    await backup(1, 'wiki');
    await workOn('shop', 'wiki');
    const { status, targets, postponed } = await invoke({});
    expect([status, postponed]).toEqual(['completed', []]);
    expect(targets).toMatchObject([
      {
        target: 'shop',
        counts: { kept: 1, guarded: 0, toRemove: 1, removed: 1 },
        result: { removed: [old] },
        plan: null,
      },
      { target: 'wiki', result: { removed: [theirs], refused: [], spared: [], postponed: [], left: [] } },
    ]);
    expect(await ids()).toEqual([young]);
    const [run, ...others] = await prunesOf();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      runId: targets[0]?.runId,
      started: { host: 'the-function', pid: 7, toolVersion: '1.2.3' },
      verdicts: [{ verdict: 'completed', undelivered: [] }],
    });
    expect(sink.told).toEqual(targets.map(({ target, runId }) => `prune-completed/${target}/${runId}`));
    expect(counts).toEqual({ TargetsFailed: 0 });
  });

  it('goes by the rules of its settings', async () => {
    const [old] = [await backup(10), await backup(1)];
    expect((await invoke({ targets: ['shop'] })).targets).toMatchObject([{ counts: { removed: 0 } }]);
    const retention = decodeRetention({ BACKUP_RETENTION_MINIMUM: '1', BACKUP_RETENTION_DAYS: '9' });
    expect((await invoke({ targets: ['shop'] }, { retention })).targets).toMatchObject([
      { result: { removed: [old] } },
    ]);
  });

  it('only says what would go, and why, when it is a dry run', async () => {
    const [old, young] = [await backup(40), await backup(1)];
    await workOn('shop');
    const before = store.keys;
    expect(await invoke({ dryRun: true })).toEqual({
      status: 'planned',
      targets: [
        {
          target: 'shop',
          runId: null,
          counts: { kept: 1, guarded: 0, toRemove: 1, removed: 0 },
          orphans: { objects: 0, uploads: 0 },
          runRecords: 0,
          guarded: [],
          plan: {
            keep: [{ backupId: young, reason: 'the newest good backup' }],
            remove: [{ backupId: old, reason: 'daily: older than 30 days' }],
          },
          result: null,
        },
      ],
      failed: [],
      postponed: [],
    });
    expect(store.keys).toEqual(before);
    expect(sink.events).toEqual([]);
  });

  it('names what it keeps only because newer ones hold much less', async () => {
    const [rich] = [await backup(40), await backup(1, 'shop', 10)];
    const { targets } = await invoke({ targets: ['shop'] });
    const reason = expect.stringContaining('holds 10 nodes, this one 1200');
    expect(targets).toMatchObject([
      { counts: { guarded: 1, kept: 2, removed: 0 }, guarded: [{ backupId: rich, reason }] },
    ]);
    expect(sink.events.map(({ type }) => type)).toEqual(['Prune Completed', 'Retention Guarded']);
  });

  it('looks only at the targets that it was given, each once', async () => {
    await backup(40);
    await backup(1);
    const theirs = await backup(40, 'wiki');
    await workOn('shop', 'wiki');
    const { targets } = await invoke({ targets: ['shop', 'shop'] });
    expect(targets.map(({ target }) => target)).toEqual(['shop']);
    expect(await ids('wiki')).toEqual([theirs]);
  });

  it('fails after the others were done, names those that failed, and tells of each', async () => {
    const [old] = [await backup(40, 'wiki'), await backup(1, 'wiki')];
    await workOn('blog', 'shop', 'wiki');
    await expect(invoke({}, { store: without('blog', 'shop') })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/^Prune of blog failed \(and so did shop\): Cannot list \S+blog\/\.$/),
      hint: 'Wait.',
      retryable: true,
    });
    expect(await ids('wiki')).not.toContain(old);
    expect(sink.events.map(({ type, detail }) => `${type} ${detail.target}`)).toEqual([
      'Prune Failed blog',
      'Prune Failed shop',
      'Prune Completed wiki',
    ]);
    expect(await prunesOf('blog')).toMatchObject([{ verdicts: [{ verdict: 'failed', failure: { hint: 'Wait.' } }] }]);
    expect(counts).toEqual({ TargetsFailed: 2 });
  });

  it('answers where trying again does not help: that is told once a day, not thrice', async () => {
    const [old] = [await backup(40, 'wiki'), await backup(1, 'wiki')];
    await workOn('blog', 'wiki');
    const { status, targets, failed } = await invoke({}, { store: denying(store, 'blog') });
    expect(status).toBe('completed');
    expect(targets).toMatchObject([{ target: 'wiki', result: { removed: [old] } }]);
    const [run] = await prunesOf('blog');
    const message = expect.stringMatching(/^May not list \S+blog\/\.$/);
    expect(failed).toEqual([{ target: 'blog', runId: run?.runId, code: 'store-denied', message, hint: 'Ask for it.' }]);
    expect(run?.verdicts).toMatchObject([{ verdict: 'failed', failure: { code: 'store-denied' } }]);
    expect(sink.told).toContain(`prune-failed/blog/${run?.runId}`);
    expect(counts).toEqual({ TargetsFailed: 1 });
  });

  it('fails by what may pass, and names what does not too', async () => {
    await workOn('blog', 'shop');
    await expect(invoke({}, { store: denying(without('shop'), 'blog') })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/^Prune of shop failed \(and so did blog\): Cannot list/),
      retryable: true,
    });
  });

  it('fails where nobody could be told of a failure', async () => {
    sink.isDown = true;
    await workOn('blog');
    await expect(invoke({}, { store: denying(store, 'blog') })).rejects.toMatchObject({ code: 'store-denied' });
  });

  it('answers a dry run with what failed', async () => {
    await workOn('blog');
    const { failed } = await invoke({ dryRun: true }, { store: denying(store, 'blog') });
    expect(failed).toMatchObject([{ target: 'blog', runId: null, code: 'store-denied' }]);
  });

  it('tells also of a run that cannot be recorded', async () => {
    const away = watched(store, async (call, key) => {
      if (call === 'put' && key.startsWith('runs/')) throw new BackupError('store-unavailable', 'Away.');
    });
    await backup(40);
    await backup(1);
    const { failed } = await invoke({ targets: ['shop'] }, { store: away });
    expect(failed).toMatchObject([{ target: 'shop', message: 'Away.' }]);
    expect(await ids()).toHaveLength(2);
    expect(sink.events).toMatchObject([{ type: 'Prune Failed', detail: { failure: { code: 'store-unavailable' } } }]);
  });

  it('is no worse for nobody being told: that stands in the verdict', async () => {
    sink.isDown = true;
    await backup(1);
    await expect(invoke({ targets: ['shop'] })).resolves.toMatchObject({ status: 'completed' });
    const undelivered = [{ sink: sink.name, error: 'The sink is down.' }];
    expect(await prunesOf()).toMatchObject([{ verdicts: [{ verdict: 'completed', undelivered }] }]);
  });

  it.each([
    ['a minute before its end', 900_000, 840_000],
    ['half way where it has little time', 60_000, 30_000],
  ])('leaves the rest for the next time %s, and says so', async (_, remainingMs, budgetMs) => {
    const [old] = [await backup(40), await backup(1)];
    await workOn('shop', 'wiki');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    /** Takes so long to list the backups of the first target, once. */
    const taking = (ms: number) => {
      const waits = [ms];
      return watched(store, async (call, key) => {
        if (call === 'list' && key.startsWith('daily/shop')) vi.advanceTimersByTime(waits.pop() ?? 0);
      });
    };

    const late = await invoke({}, { store: taking(budgetMs), remainingMs });
    expect(late.targets).toMatchObject([{ target: 'shop', result: { removed: [], postponed: [old] } }]);
    expect(late.postponed).toEqual(['wiki']);
    expect(await prunesOf()).toMatchObject([{ verdicts: [{ verdict: 'completed' }] }]);

    const early = await invoke({}, { store: taking(budgetMs - 1), remainingMs });
    expect(early.targets).toMatchObject([{ result: { removed: [old] } }, { target: 'wiki' }]);
    expect(early.postponed).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('refuses an input that is none, and touches nothing', async () => {
    await expect(invoke({ dryRun: 'yes', target: 'shop' })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/dryRun.*target/),
    });
    expect(store.calls).toEqual([]);
  });
});
