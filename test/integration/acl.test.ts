import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkDatabase } from '../../agent/doctor/database-checks.ts';
import type { Address } from '../../agent/falkordb/address.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { setFree } from '../../agent/falkordb/set-free.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { readObject } from '../../core/store/small-object.ts';
import { agentCommand } from '../support/agent-command.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { type BackupCall, backUp, manifestOf, nextTime } from '../support/backups.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { planOf, restoreDeps, restoreInto } from '../support/restores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PASSWORD = 'of-this-test';
const DOCUMENT = await readFile('docs/configuration.md', 'utf8');
const RULES = new Map(
  [...DOCUMENT.matchAll(/^ACL SETUSER (\S+) (.+)$/gm)].map(([, user = '', rules = '']) => [user, rules]),
);

/** Of the ACL line that docs/configuration.md gives for that user. */
function rulesOf(user: string): string[] {
  return (RULES.get(user) ?? '').replace('CHOOSE-A-PASSWORD', PASSWORD).split(' ');
}

const commandsOf = (user: string) => rulesOf(user).filter((rule) => rule.startsWith('+'));

let live: LiveServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: FileStore;
beforeAll(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  live = await startLiveServer({ config: { appendonly: 'yes' } });
  await live.graph('g', 'UNWIND range(1, 100) AS i CREATE (:Person {id: i})');
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The user of the document, but for one rule. */
async function login(user: string, dropped?: string): Promise<Address> {
  const rules = rulesOf(user).filter((rule) => rule !== dropped);
  await live.client.call('ACL', 'SETUSER', user, 'reset', ...rules);
  return { ...live.address, username: user, password: PASSWORD };
}

function settings(user: string, source: string): Record<string, string> {
  return {
    FALKORDB_URL: live.server.url.replace('//', `//${user}:${PASSWORD}@`),
    BACKUP_STORE: store.url,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_SOURCE: source,
    BACKUP_LOG_LEVEL: 'warn',
  };
}

async function stateOf(manifest: Manifest): Promise<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode((await readObject(store, manifest.state.key)).bytes));
}

const STATE_PARTS: Record<string, string> = {
  '+graph.config|get': 'graphConfig',
  '+module|list': 'modules',
  '+acl|list': 'aclUsers',
};

test('the document explains every rule of its ACL lines', () => {
  expect([...RULES.keys()]).toEqual(['backup', 'restore']);
  for (const rule of ['~*', ...commandsOf('backup'), ...commandsOf('restore')]) {
    expect(DOCUMENT).toContain(`\`${rule.replace('|', '\\|')}\``);
  }
  expect(commandsOf('restore').slice(0, commandsOf('backup').length)).toEqual(commandsOf('backup'));
});

describe('the user for backups', () => {
  test.each(['bgsave', 'replication'])('makes them by %s', async (source) => {
    await login('backup');
    // Two within one second would be one and the same.
    const args = ['backup', '--json', '--scheduled-for', nextTime().toISOString()];
    const { exitCode, json } = await agentCommand(args, { env: settings('backup', source) });
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ status: 'completed', source, graphs: [{ name: 'g', nodes: 100 }] });
    expect(Object.values(await stateOf(json))).not.toContain(null);
  });

  test('is enough for doctor', async () => {
    await login('backup');
    const { exitCode, json } = await agentCommand(['doctor', '--json'], { env: settings('backup', 'bgsave') });
    expect({ exitCode, ...json }).toMatchObject({ exitCode: 0, status: 'ok', warnings: 0 });
  });

  const make = (user: Address, source: 'auto' | 'bgsave' | 'replication', deps: BackupCall['deps'] = {}) =>
    backUp({ address: user }, store, { config: { source }, deps });
  const fails = (source: 'bgsave' | 'replication') => async (user: Address) => {
    await expect(make(user, source)).rejects.toMatchObject({ code: 'database-denied' });
  };
  const lacks = (part: string) => async (user: Address) => {
    expect((await stateOf(manifestOf(await make(user, 'bgsave'))))[part]).toBeNull();
  };
  const WITHOUT: Record<string, (user: Address) => Promise<void>> = {
    '~*': fails('replication'),
    '+ping': fails('replication'),
    '+info': fails('replication'),
    '+graph.list': fails('replication'),
    '+graph.ro_query': fails('replication'),
    '+psync': fails('replication'),
    '+replconf': fails('replication'),
    '+time': fails('bgsave'),
    '+bgsave': fails('bgsave'),
    '+config|get': async (user) => {
      await fails('bgsave')(user);
      expect(manifestOf(await make(user, 'auto')).source).toBe('replication');
      const { config } = restoreDeps({ address: user }, store, folder.path);
      const findings = await checkDatabase(config, () => new Date());
      expect(findings).toContainEqual(expect.objectContaining({ check: 'persistence', level: 'warning' }));
    },
    ...Object.fromEntries(Object.entries(STATE_PARTS).map(([rule, part]) => [rule, lacks(part)])),
  };

  test.each(['~*', ...commandsOf('backup')])('loses what the document says without %s', async (rule) => {
    await WITHOUT[rule]?.(await login('backup', rule));
    expect(Object.keys(WITHOUT)).toContain(rule);
  });
});

describe('the user for restores', () => {
  let backupId: string;
  beforeAll(async () => {
    ({ backupId } = manifestOf(await backUp(live, store)));
  });
  beforeEach(() => live.graph('g', 'CREATE (:Later)'));

  const expectRestored = async () => {
    expect(await live.nodeCounts()).toEqual({ g: 100 });
    expect(await live.info('role')).toBe('master');
    expect(await live.client.config('GET', 'masterauth')).toEqual(['masterauth', '']);
  };

  test.each(['bgsave', 'replication'])('restores, with a safety backup by %s', async (source) => {
    await login('restore');
    const command = ['restore', backupId, '--force', '--json'];
    const { exitCode, json } = await agentCommand(command, { env: settings('restore', source) });
    expect({ exitCode, ...json }).toMatchObject({ exitCode: 0, status: 'completed', notes: [] });
    await expectRestored();
    const parts = parseBackupId(json.safetyBackupId);
    const safety = parts && (await findManifest(store, parts));
    expect(safety).toMatchObject({ source, graphs: [{ nodes: 101 }] });
    if (safety) expect(Object.values(await stateOf(safety))).not.toContain(null);
  });

  test('ends a restore that was killed', async () => {
    await login('restore');
    await live.fill(20);
    await live.setSaveDelay(100_000);
    await using agent = await startAgentProcess(['restore', backupId, '--force'], settings('restore', 'bgsave'));
    await eventually(async () => expect(await live.info('role')).toBe('slave'));
    agent.process.kill('SIGKILL');
    await agent.ended;
    await live.setSaveDelay(0);
    const { exitCode, json } = await agentCommand(['restore', '--recover', '--json'], {
      env: settings('restore', 'bgsave'),
    });
    expect({ exitCode, ...json }).toMatchObject({ exitCode: 0, status: 'recovered', holds: 'old data', notes: [] });
    expect(await live.info('role')).toBe('master');
    expect(await live.client.config('GET', 'masterauth')).toEqual(['masterauth', '']);
    // Else the next test's save waits for that of the safety backup.
    await eventually(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('0'));
  });

  const plan = (user: Address) => planOf({ reference: backupId }, restoreDeps({ address: user }, store, folder.path));
  const refused = (rule: string) => async (user: Address) => {
    const { refusals } = await plan(user);
    expect(refusals).toMatchObject([{ code: 'database-denied', hint: expect.stringContaining(rule) }]);
  };
  const cannotConnect = async (user: Address) => {
    await expect(Database.connect(user)).rejects.toMatchObject({ code: 'database-denied' });
  };
  const cannotBackUp = async (user: Address) => {
    const call = { reference: backupId, config: { source: 'replication' as const } };
    await expect(restoreInto({ address: user }, store, folder.path, call)).rejects.toMatchObject({
      code: 'database-denied',
      message: expect.stringContaining('has its old data and takes writes again'),
    });
  };
  const safetyLacks = (part: string) => async (user: Address) => {
    const { safetyBackupId } = await restoreInto({ address: user }, store, folder.path, { reference: backupId });
    const parts = parseBackupId(safetyBackupId ?? '');
    const safety = parts && (await findManifest(store, parts));
    expect(safety && (await stateOf(safety))[part]).toBeNull();
  };
  const WITHOUT: Record<string, (user: Address) => Promise<void>> = {
    '+ping': cannotConnect,
    '+info': (user) => expect(plan(user)).rejects.toMatchObject({ code: 'database-denied' }),
    '+psync': cannotBackUp,
    '+replconf': cannotBackUp,
    '+graph.udf': async (user) => {
      const { refusals, notes } = await plan(user);
      expect({ refusals, notes }).toEqual({ refusals: [], notes: [expect.stringContaining('+graph.udf')] });
    },
    '+config|rewrite': async (user) => {
      await live.client.config('REWRITE');
      using db = await Database.connect(user);
      const notes = await setFree(db, { masterauthSha256: null, configRewrites: 0 });
      expect(notes).toEqual([expect.stringContaining('run CONFIG REWRITE again')]);
    },
    ...Object.fromEntries(Object.entries(STATE_PARTS).map(([rule, part]) => [rule, safetyLacks(part)])),
  };

  test.each(['~*', ...commandsOf('restore')])('loses what the document says without %s', async (rule) => {
    await (WITHOUT[rule] ?? refused(rule))(await login('restore', rule));
  });
});
