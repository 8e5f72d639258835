import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { type PruneDeps, pruneTargets } from '../../agent/prune.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { listRuns } from '../../core/catalog/runs.ts';
import { BackupError } from '../../core/model/errors.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand, type CommandResult } from '../support/agent-command.ts';
import { EXAMPLE_GRAPH } from '../support/example-manifest.ts';
import { DEFAULT_POLICY } from '../support/retainables.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const DAY_MS = 24 * 3600 * 1000;

let folder: TemporaryFolder;
let store: FileStore;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await temporaryFolder();
  const path = join(folder.path, 'store');
  store = new FileStore(path);
  env = { BACKUP_STORE: pathToFileURL(path).href, BACKUP_TARGET: 'prod', BACKUP_RETENTION_MINIMUM: '1' };
  return () => folder[Symbol.asyncDispose]();
});

const agent = (...args: string[]): Promise<CommandResult> => agentCommand(args, { env });
const backup = (days: number, nodes = EXAMPLE_GRAPH.nodes, target = 'prod') =>
  storeBackup(store, target, 'daily', new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY_MS), {
    graphs: [{ ...EXAMPLE_GRAPH, nodes }],
  });
/** Whatever an agent has worked on has a lease. */
async function workOn(target: string): Promise<void> {
  const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
  const request = { target, runId: '20261123T050000Z-x', holder, isDead: () => false, now: () => new Date() };
  await (await Lease.acquire(store, request)).release();
}

const listed = async () => (await agent('list', '--json')).json.map(({ backupId }: { backupId: string }) => backupId);

describe('prune', () => {
  test('shows what would go and why, and removes it only with --apply', async () => {
    const [old, young] = [await backup(40), await backup(1)];
    const dry = await agent('prune');
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toMatch(new RegExp(`REMOVE +${old} .* daily: older than 30 days\n`));
    expect(dry.stdout).toMatch(new RegExp(`keep +${young} .* the newest good backup\n`));
    expect(dry.stdout).toContain('1 of 2 backups would be removed');
    expect(await listed()).toEqual([old, young]);

    const { exitCode, json } = await agent('prune', '--apply', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'completed',
      targets: [
        {
          target: 'prod',
          decisions: [
            { backupId: old, keep: false },
            { backupId: young, keep: true },
          ],
          result: { removed: [old], refused: [], spared: [], postponed: [] },
        },
      ],
    });
    expect(await listed()).toEqual([young]);
    expect((await agent('prune', '--apply', '--json')).json.targets[0].result.removed).toEqual([]);
  });

  test('goes through all targets of the store', async () => {
    const [mine, theirs] = [await backup(40), await backup(40, 1, 'staging')];
    await backup(1);
    await backup(1, 1, 'staging');
    for (const target of ['prod', 'staging']) await workOn(target);
    await store.put('locks/broken.json', new TextEncoder().encode('{}'));
    const { json, exitCode } = await agent('prune', '--apply', '--all-targets', '--json');
    expect(exitCode).toBe(4);
    expect(json.failed).toMatchObject([{ target: 'broken', error: { code: 'integrity' } }]);
    const removed = json.targets.map(({ target, result }: { target: string; result: { removed: string[] } }) => [
      target,
      result.removed,
    ]);
    expect(removed).toEqual([
      ['prod', [mine]],
      ['staging', [theirs]],
    ]);
  });

  test('says each time that it holds back what was lost, until that is accepted', async () => {
    const [old, collapsed] = [await backup(40), await backup(1, 10)];
    for (let run = 0; run < 2; run++) {
      expect((await agent('prune', '--apply')).stdout).toContain(`prune --accept-collapse ${collapsed}`);
    }
    expect(await agent('prune', '--accept-collapse', 'nonsense')).toMatchObject({ exitCode: 2 });
    const missing = collapsed.replace('daily', 'weekly');
    expect(await agent('prune', '--accept-collapse', missing)).toMatchObject({ exitCode: 3 });
    const theirs = await backup(1, 10, 'staging');
    const refused = await agent('prune', '--accept-collapse', theirs);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is a backup of target staging') });
    expect((await agent('show', theirs, '--json')).json.marks).toEqual([]);
    const accepted = await agent('prune', '--accept-collapse', collapsed);
    expect(accepted.stdout).toContain(`Noted beside ${collapsed}: it rightly holds less than older ones.`);
    expect((await agent('prune', '--apply', '--json')).json.targets[0].result.removed).toEqual([old]);
  });

  test.each([
    ['keeps nothing', { BACKUP_RETENTION_SNAPSHOT: 'all 0d' }, /BACKUP_RETENTION_SNAPSHOT "all 0d" keeps nothing/],
    ['is none', { BACKUP_RETENTION_MANUAL: 'for a while' }, /BACKUP_RETENTION_MANUAL "for a while" is no rule/],
    ['has a number too low', { BACKUP_RETENTION_DAYS: '0' }, /BACKUP_RETENTION_DAYS must be at least 1/],
    ['names no time zone', { BACKUP_RETENTION_TIME_ZONE: 'Here' }, /BACKUP_RETENTION_TIME_ZONE must be a time zone/],
  ])('refuses a policy that %s', async (_, wrong, message) => {
    const { exitCode, stderr } = await agentCommand(['prune'], { env: { ...env, ...wrong } });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('refuses a time budget that is none', async () => {
    expect(await agent('prune', '--time-budget', '0')).toMatchObject({ exitCode: 2 });
  });
});

describe('a prune that is stopped', () => {
  const deps = (facts: Partial<PruneDeps> = {}): PruneDeps => ({
    config: { retention: { ...DEFAULT_POLICY, minimumGood: 1 }, keepRuns: { amount: 400, unit: 'd' } },
    store,
    log: pino({ enabled: false }),
    onProgress: () => {},
    now: () => new Date(),
    signal: new AbortController().signal,
    ...facts,
  });
  const verdictsOf = async (target: string) =>
    (await listRuns(store, target, new Date(0))).flatMap(({ requested, verdicts }) =>
      requested?.verb === 'prune' ? verdicts : [],
    );

  test('by a person has failed, and says so in the store', async () => {
    const old = [await backup(60), await backup(50), await backup(1)][0] ?? '';
    const stop = new AbortController();
    const interrupted = new BackupError('interrupted', 'Stopped by SIGINT.');
    const onProgress = () => stop.abort(interrupted);
    const pruning = pruneTargets(['prod', 'staging'], { apply: true }, deps({ signal: stop.signal, onProgress }));
    await expect(pruning).rejects.toBe(interrupted);
    expect(await listed()).not.toContain(old);
    expect(await verdictsOf('prod')).toMatchObject([{ verdict: 'failed', failure: { code: 'interrupted' } }]);
    expect(await verdictsOf('staging')).toEqual([]);
  });

  test('by its time budget has completed, and does not look at the other targets', async () => {
    await backup(40);
    const budget = new AbortController();
    const { pruned, postponed } = await pruneTargets(
      ['prod', 'staging'],
      { apply: true },
      deps({
        timeBudget: budget.signal,
        now: () => {
          budget.abort();
          return new Date();
        },
      }),
    );
    expect(pruned).toHaveLength(1);
    expect(postponed).toEqual(['staging']);
    expect(await verdictsOf('prod')).toMatchObject([{ verdict: 'completed' }]);
    expect(await verdictsOf('staging')).toEqual([]);
  });

  test.each([400 * DAY_MS, -DAY_MS, 6 * 60_000])(
    'by a clock %d ms ahead of the store removes nothing',
    async (ahead) => {
      const all = [await backup(60), await backup(50), await backup(1)];
      const now = () => new Date(Date.now() + ahead);
      await expect(pruneTargets(['prod'], { apply: true }, deps({ now }))).rejects.toMatchObject({
        code: 'invalid-settings',
        hint: expect.stringContaining('NTP'),
      });
      expect(await listed()).toEqual(all);
      expect(await verdictsOf('prod')).toMatchObject([{ verdict: 'failed' }]);
    },
  );

  test('by no clock that is four minutes off', async () => {
    await backup(40);
    const now = () => new Date(Date.now() + 4 * 60_000);
    const { pruned } = await pruneTargets(['prod'], { apply: true }, deps({ now }));
    expect(pruned).toMatchObject([{ result: { refused: [] } }]);
  });
});

describe('pin', () => {
  test('keeps a backup, is shown, and can be taken back', async () => {
    const [old] = [await backup(40), await backup(1)];
    const pinned = await agent('pin', old, '--note', 'before the migration', '--by', 'alice', '--json');
    expect(pinned.json).toMatchObject({ backupId: old, mark: 'pinned', by: 'alice', note: 'before the migration' });
    expect((await agent('list', '--json')).json).toMatchObject([{ backupId: old, pinned: true }, { pinned: false }]);
    expect((await agent('show', old)).stdout).toMatch(
      /Pinned: no prune removes it\.\n.*\npinned +\S+ .* alice +before the migration/,
    );
    expect((await agent('prune', '--apply', '--json')).json.targets[0]).toMatchObject({
      decisions: [{ backupId: old, keep: true, reason: 'pinned' }, { keep: true }],
      result: { removed: [] },
    });
    expect((await agent('unpin', old)).stdout).toContain('no longer pinned');
    expect((await agent('prune', '--apply', '--json')).json.targets[0].result.removed).toEqual([old]);
  });

  test('says that there is no such backup', async () => {
    expect(await agent('pin', '20261122T023000Z-prod-daily')).toMatchObject({ exitCode: 3 });
    expect(await agent('pin')).toMatchObject({ exitCode: 2 });
  });
});
