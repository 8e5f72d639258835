import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type ServiceProcess, startService } from './service.ts';

/** A FalkorDB with a graph in it, the service that looks after it, and a browser. */
export interface Scene extends AsyncDisposable {
  live: LiveServer;
  /** Holds the store as `store`. */
  folder: string;
  service: ServiceProcess;
  browser: Browser;
}

/** @param prepare before the service begins */
export async function startScene(
  prepare: (live: LiveServer, folder: string) => Promise<void> = async () => {},
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const live = stack.use(await startLiveServer());
  await live.graph('knowledge', 'UNWIND range(1, 200) AS i CREATE (:Entity {id: i})-[:KNOWS]->(:Topic {id: i})');
  await live.graph('knowledge', 'CREATE INDEX FOR (e:Entity) ON (e.id)');
  await prepare(live, folder);
  const service = stack.use(await startService(live, folder));
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const owned = stack.move();
  return { live, folder, service, browser, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
