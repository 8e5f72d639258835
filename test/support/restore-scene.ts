import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { JournalRecord } from '../../agent/restore/journal.ts';
import { listRuns } from '../../core/catalog/runs.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { type AgentEnd, type AgentProcess, startAgentProcess } from './agent-process.ts';
import { backUp, manifestOf, nextRunId, TARGET } from './backups.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { type RestartingServer, startRestartingServer } from './restarting-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

const KEYS = 24;
const KEY_BYTES = 512 * 1024;
/** Saves and loads take KEYS times as long, so that each step lasts long enough to be seen. */
const SLOWNESS = {
  'rdb-key-save-delay': '8000',
  'key-load-delay': '8000',
  'loading-process-events-interval-bytes': String(KEY_BYTES),
};
const JOURNAL = `restore-${TARGET}.json`;
const WRITABLE_TIMEOUT_MS = 2_000;

export interface RunningRestore extends AgentProcess {
  runId: string;
}

/** What a command printed as JSON. */
export interface RecoverEnd extends AgentEnd {
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  json: any;
}

/** A FalkorDB that comes back when it is killed, a backup, and agents that restore it. */
export interface RestoreScene extends AsyncDisposable {
  server: RestartingServer;
  store: FileStore;
  /** Of the store. */
  root: string;
  /** Folder of the journal. */
  state: string;
  backupId: string;
  /** What the backup holds. */
  fresh: Fingerprint;
  /** Changes what the server holds into something it never held, and makes it durable. */
  changeData(): Promise<Fingerprint>;
  /** The next restore proves the backup again. */
  forgetProofs(): Promise<void>;
  restore(env?: Record<string, string>, args?: string[]): Promise<RunningRestore>;
  /** `restore --recover`, to its end. */
  recover(args?: string[]): Promise<RecoverEnd>;
  /** Undefined where there is none, or while it is being written. */
  journal(): JournalRecord | undefined;
  /** Which of both it holds; nothing of a restore is left on it, and it takes writes at once. */
  expectFree(old: Fingerprint): Promise<'old' | 'new'>;
  /** The same, after FalkorDB was killed and started again. */
  afterRestart(old: Fingerprint): Promise<'old' | 'new'>;
  verdictsOf(runId: string): Promise<string[]>;
}

export async function startRestoreScene(config: Record<string, string> = {}): Promise<RestoreScene> {
  const folder = await temporaryFolder();
  const root = join(folder.path, 'store');
  const state = join(folder.path, 'state');
  const store = new FileStore(root);
  const server = await startRestartingServer({ appendfsync: 'always', ...SLOWNESS, ...config });
  const { client } = server;
  await client.call('GRAPH.QUERY', 'g', 'UNWIND range(1, 150) AS i CREATE (:P {id: i})-[:R {w: i}]->(:Q {id: i})');
  await client.call('GRAPH.QUERY', 'g', 'CREATE INDEX FOR (p:P) ON (p.id)');
  for (let key = 0; key < KEYS; key++) await client.set(`key${key}`, randomBytes(KEY_BYTES));
  const { backupId } = manifestOf(await backUp(server, store, { config: { compression: 'none' } }));
  const fresh = await fingerprint(client);
  const env = {
    FALKORDB_URL: server.url,
    BACKUP_STORE: store.url,
    BACKUP_STATE_DIR: state,
    BACKUP_SCRATCH_DIR: folder.path,
    BACKUP_COMPRESSION: 'none',
    BACKUP_TIMEOUT_SECONDS: '100',
    HOME: folder.path,
    TMPDIR: folder.path,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/tmp', '.cache'),
  };
  let round = 0;
  return {
    server,
    store,
    root,
    state,
    backupId,
    fresh,
    changeData: async () => {
      round += 1;
      await client.call('GRAPH.QUERY', 'g', `CREATE (:Round {n: ${round}})-[:AFTER]->(:Round {n: ${-round}})`);
      await client.call('GRAPH.QUERY', 'g', `MATCH (p:P {id: ${round}}) SET p.changed = ${round}`);
      await client.call('GRAPH.QUERY', `other${round}`, 'CREATE (:Other)');
      await client.set('round', round);
      await client.del('key0');
      // A run that was cut off may have left a save behind.
      await untilTrue(async () => (await server.info('rdb_bgsave_in_progress')) === '0', 10_000);
      if (config.appendonly !== 'yes') await client.save();
      return fingerprint(client);
    },
    forgetProofs: () => rm(join(root, 'manual', TARGET, backupId, 'verified'), { recursive: true, force: true }),
    restore: async (more = {}, args = []) => {
      const runId = nextRunId();
      const agent = await startAgentProcess(['restore', backupId, '--force', '--json', '--run-id', runId, ...args], {
        ...env,
        ...more,
      });
      return { ...agent, runId };
    },
    recover: async (args = []) => {
      await using agent = await startAgentProcess(['restore', '--recover', '--json', ...args], env);
      const end = await agent.ended;
      return { ...end, json: parse(end.stdout) };
    },
    journal: () => readJournal(state),
    expectFree: (old) => expectFree(server, state, old, fresh),
    afterRestart: async (old) => {
      const starts = server.starts();
      server.kill();
      await untilTrue(() => server.starts() > starts, 10_000);
      return expectFree(server, state, old, fresh);
    },
    verdictsOf: async (runId) => {
      const run = (await listRuns(store, TARGET, new Date(0))).find((each) => each.runId === runId);
      return run?.verdicts.map(({ verdict }) => verdict) ?? [];
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function readJournal(state: string): JournalRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(state, JOURNAL), 'utf8')) as JournalRecord;
  } catch {
    return undefined;
  }
}

async function expectFree(
  { client }: RestartingServer,
  state: string,
  old: Fingerprint,
  fresh: Fingerprint,
): Promise<'old' | 'new'> {
  const start = performance.now();
  await client.set('writable key', 'yes');
  await client.call('GRAPH.QUERY', 'writable', 'CREATE (:Node)');
  await client.del('writable key');
  await client.call('GRAPH.DELETE', 'writable');
  expect(performance.now() - start).toBeLessThan(WRITABLE_TIMEOUT_MS);
  const info = await client.info('replication');
  expect(info).toContain('role:master');
  expect(info).not.toContain('master_host');
  expect(await client.config('GET', 'masterauth')).toEqual(['masterauth', '']);
  expect(await client.config('GET', 'min-replicas-to-write')).toEqual(['min-replicas-to-write', '0']);
  expect(existsSync(join(state, JOURNAL))).toBe(false);
  const found = await fingerprint(client);
  if (found.sha256 === old.sha256) return 'old';
  expect(found).toEqual(fresh);
  return 'new';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const untilTrue = (condition: () => boolean | Promise<boolean>, timeout: number) =>
  vi.waitFor(async () => expect(await condition()).toBe(true), { timeout, interval: 20 });
