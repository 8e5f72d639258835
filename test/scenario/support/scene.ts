import { join } from 'node:path';
import { findRun, type Run } from '../../../core/catalog/runs.ts';
import type { EventType } from '../../../core/model/events.ts';
import type { S3Store } from '../../../core/store/s3-store.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { Cloud } from './cloud.ts';
import type { BusEvent } from './event-shapes.ts';
import type { Invocation } from './functions.ts';
import type { Host, HostOptions } from './host.ts';
import { TARGET } from './payloads.ts';

export const TAG = 'falkordb-backup-target';

/** A FalkorDB on a host, with the agent of the target beside it, in a cloud where the stack is deployed. */
export interface Scene extends AsyncDisposable {
  cloud: Cloud;
  /** Its bucket, as somebody sees it who may do anything. */
  store: S3Store;
  live: LiveServer;
  host: Host;
  /** Where restores note how far they are. */
  state: string;
  run(runId: string): Promise<Run | undefined>;
  /** Events of that kind, of the target, in order. */
  told(type: EventType): BusEvent[];
  /** Texts of what people were sent of events, of all targets, in order. */
  mails(): string[];
}

/** @param options of the host, in place of one that is as it should be */
export async function startScene(options: Partial<HostOptions> = {}): Promise<Scene> {
  await using stuff = new AsyncDisposableStack();
  const folder = stuff.use(await temporaryFolder());
  const live = stuff.use(await startLiveServer());
  await live.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})-[:KNOWS]->(:Person {id: -i})');
  const cloud = stuff.use(await Cloud.start());
  const state = join(folder.path, 'state');
  const agent = { FALKORDB_URL: live.server.url, BACKUP_STATE_DIR: state, BACKUP_SCRATCH_DIR: folder.path };
  const host = await cloud.addHost({
    instanceId: 'i-0123456789abcdef0',
    tags: { [TAG]: TARGET, Name: 'falkordb' },
    containers: { [TARGET]: agent },
    ...options,
  });
  const store = cloud.openStore();
  const held = stuff.move();
  return {
    ...{ cloud, store, live, host, state },
    run: (runId) => findRun(store, TARGET, runId),
    told: (type) => cloud.bus.told.filter((event) => event['detail-type'] === type && event.detail.target === TARGET),
    mails: () => cloud.topics.messages.flatMap(({ by, text }) => (by === 'notify' ? [text] : [])),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What a function answers. @throws where it failed */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
export function answerOf({ result, error, log }: Invocation): any {
  if (error) throw new Error(`${error.errorType}: ${error.errorMessage}\n${log}`);
  return result;
}
