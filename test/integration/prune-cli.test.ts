import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { Lease } from '../../core/catalog/lease.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand, type CommandResult } from '../support/agent-command.ts';
import { EXAMPLE_GRAPH } from '../support/example-manifest.ts';
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
    const other = collapsed.replace('prod', 'staging');
    expect(await agent('prune', '--accept-collapse', other)).toMatchObject({ exitCode: 3 });
    await agent('prune', '--accept-collapse', collapsed);
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
