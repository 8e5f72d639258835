import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { makeHistory } from '../test/browser/support/history.ts';
import { startService, TOKEN } from '../test/browser/support/service.ts';
import { launchBrowser, openPage } from '../test/support/browser.ts';
import { startLiveServer } from '../test/support/live-server.ts';

/*
 * `npm run screenshots`: the pictures of docs/dashboard.md, of the real service with a real FalkorDB and five weeks of
 * backups. It needs Chromium, and looks best with the font Roboto (Debian: chromium fonts-roboto-unhinted).
 */
const TARGET = 'graphiti-prod';
const IMAGES = 'docs/images';
const DESK = { viewport: { width: 1240, height: 860 }, deviceScaleFactor: 1.5 };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const folder = join(tmpdir(), 'falkordb-backups');
// Its path is in the pictures. One that is there already is somebody's: then this fails.
await mkdir(folder);
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(folder, { recursive: true }));
await mkdir(IMAGES, { recursive: true });

const live = stack.use(await startLiveServer());
await live.graph('knowledge', 'CREATE INDEX FOR (e:Entity) ON (e.id)');
await live.graph(
  'dependencies',
  'UNWIND range(1, 900) AS i CREATE (:Package {name: i})-[:NEEDS]->(:Package {name: -i})',
);
await makeHistory(live, folder, TARGET);
const service = stack.use(
  await startService(live, folder, { BACKUP_TARGET: TARGET, BACKUP_DASHBOARD_REFRESH_SECONDS: '300' }),
);
const browser = await launchBrowser();
stack.defer(() => browser.close());

await take('backup', '#/backups?tier=weekly', DESK, async (page) => {
  await page
    .getByRole('link', { name: /-weekly$/ })
    .first()
    .click();
  const details = page.getByRole('dialog');
  await details.getByRole('button', { name: 'Verify by loading it' }).click();
  await unlock(page);
  await details.getByText(/^verified /).waitFor();
});
await take('phone', '#/overview', { ...PHONE, colorScheme: 'light' }, overviewIsThere);
await take('dark', '#/timeline', { ...DESK, colorScheme: 'dark' }, (page) => page.locator('canvas').nth(1).waitFor());
await take('light', '#/overview', { ...DESK, colorScheme: 'light' }, async (page) => {
  await overviewIsThere(page);
  // Its save takes some seconds, of which the picture is one. Redis says how far it is after each 1024 keys.
  await live.fill(4000);
  await live.setSaveDelay(2000);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await unlock(page);
  await page.getByText(/ keys \([2-7]\d%\)$/).waitFor();
});

async function unlock(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Unlock actions' });
  await dialog.getByLabel('Token').fill(TOKEN);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
}

async function overviewIsThere(page: Page): Promise<void> {
  await page.getByText('All is well').waitFor();
  await page.getByText(/in \d+ objects/).waitFor();
}

async function take(
  name: string,
  hash: string,
  options: BrowserContextOptions,
  untilThere: (page: Page) => Promise<void>,
): Promise<void> {
  await using tab = await openPage(browser, `${service.url}/${hash}`, { ...options, reducedMotion: 'reduce' });
  await untilThere(tab.page);
  // Where nothing has the focus there is no ring around it.
  await tab.page.evaluate('document.activeElement?.blur()');
  await tab.page.screenshot({ path: `${IMAGES}/dashboard-${name}.png` });
}
