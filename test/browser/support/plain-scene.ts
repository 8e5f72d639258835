import type { Browser } from 'playwright-core';
import { parseAddress } from '../../../agent/falkordb/address.ts';
import { launchBrowser } from '../../support/browser.ts';
import { type Dashboard, startDashboard } from '../../support/dashboard.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { ServedTargets, servedTarget } from '../../support/served-targets.ts';

/** The dashboard of two targets without a FalkorDB, for what the page itself does. */
export interface PlainScene extends AsyncDisposable {
  dashboard: Dashboard;
  service: ServedTargets;
  /** Of both targets. */
  store: MemoryStore;
  browser: Browser;
}

export const [TARGET, OTHER] = ['falkordb', 'other'];

/** Nobody listens there. */
const NOWHERE = 'redis://127.0.0.1:1';
/** The page asks by itself when it begins, and then when a test wants it. */
const REFRESH_SECONDS = 300;

/** @param prepare before the service begins */
export async function startPlainScene(
  prepare: (store: MemoryStore) => Promise<void> = async () => {},
): Promise<PlainScene> {
  await using stack = new AsyncDisposableStack();
  const address = parseAddress(NOWHERE);
  if (!address) throw new Error(`${NOWHERE} is no address`);
  const store = new MemoryStore();
  await prepare(store);
  const service = new ServedTargets([
    servedTarget({ address }, store),
    servedTarget({ address }, store, { target: OTHER }),
  ]);
  const dashboard = stack.use(
    await startDashboard(service, { pageFolder: 'dist/web', refreshSeconds: REFRESH_SECONDS }),
  );
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const owned = stack.move();
  return { dashboard, service, store, browser, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
