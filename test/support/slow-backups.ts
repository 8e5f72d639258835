import { expect } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { type AgentProcess, startAgent } from './agent-process.ts';
import { backUp, manifestOf, nextRunId, TARGET, wholeBackups } from './backups.ts';
import { type LiveServer, startLiveServer } from './live-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const SOURCES = ['bgsave', 'replication'] as const;
export type Source = (typeof SOURCES)[number];

const KEYS = 30;
const BYTES_EACH = 16 * 1024;
/** A dump takes KEYS times as long: the save of the one source, the transfer of the other. */
const MICROSECONDS_EACH = 8_000;

export const DUMP_BYTES = KEYS * BYTES_EACH;

/** A server whose dumps take a while, an empty store, and agents that work on them. */
export interface SlowBackups extends AsyncDisposable {
  live: LiveServer;
  root: string;
  store: FileStore;
  agent(source: Source, scheduledFor: Date, runId?: string): Promise<AgentProcess>;
  /** Only whole backups exist, and the very next run makes this one, whatever lease a dead agent has left. */
  nextRunSucceeds(scheduledFor: Date): Promise<void>;
}

export async function startSlowBackups(): Promise<SlowBackups> {
  const folder = await temporaryFolder();
  const store = new FileStore(folder.path);
  const live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  await live.fill(KEYS, BYTES_EACH);
  await live.setSaveDelay(MICROSECONDS_EACH);
  return {
    live,
    root: folder.path,
    store,
    agent: (source, scheduledFor, runId = nextRunId()) =>
      startAgent(live, { store: folder.path, source, scheduledFor, runId }),
    nextRunSucceeds: (scheduledFor) => nextRunSucceeds(live, store, scheduledFor),
    [Symbol.asyncDispose]: async () => {
      await live[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function nextRunSucceeds(live: LiveServer, store: FileStore, scheduledFor: Date): Promise<void> {
  const before = await findManifest(store, { scheduledFor, target: TARGET, tier: 'manual' });
  await wholeBackups(store);
  await live.setSaveDelay(0);
  const manifest = manifestOf(await backUp(live, store, { scheduledFor }));
  await live.setSaveDelay(MICROSECONDS_EACH);
  if (before) expect(manifest).toEqual(before);
  expect(manifest.graphs).toMatchObject([{ name: 'g', nodes: 1 }]);
  expect(await wholeBackups(store)).toContain(manifest.backupId);
}
