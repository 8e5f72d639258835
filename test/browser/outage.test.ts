import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openStore } from '../../core/store/open-store.ts';
import { backUp } from '../support/backups.ts';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Scene, startScene } from './support/scene.ts';
import { REFRESH_SECONDS } from './support/service.ts';
import { storeUrlIn } from './support/store-url.ts';

/** What the service knows of the database is up to so old when it is asked, and the page asks after so long. */
const ONE_REFRESH_MS = 2 * REFRESH_SECONDS * 1000 + 3000;

describe.skipIf(inject('browserMissing'))('the dashboard, while something is away', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene(async (live, folder) => {
      await backUp(live, openStore(storeUrlIn(folder)), { scheduledFor: new Date() });
    });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('shows within one refresh that FalkorDB has ended', async () => {
    await using tab = await openPage(scene.browser, scene.service.url);
    const { page, problems } = tab;
    await page.getByText('All is well').waitFor();
    await scene.live.server.stop();
    const banner = page.getByRole('status').filter({ hasText: 'Database down: FalkorDB at redis://127.0.0.1' });
    await banner.waitFor({ timeout: ONE_REFRESH_MS });
    expect(await banner.textContent()).toContain('Check that it runs');
    await eventually(async () => expect(await page.title()).toContain('Database down'));
    // What is in the store does not depend on it.
    expect(
      await page
        .getByRole('row', { name: /^manual/ })
        .getByRole('link')
        .count(),
    ).toBe(1);
    expect(problems).toEqual([]);
  });

  it('keeps what it knows when the service is gone, and says since when', async () => {
    await using tab = await openPage(scene.browser, `${scene.service.url}/#/backups`);
    const { page } = tab;
    const row = page.getByRole('link', { name: /-falkordb-manual$/ });
    await row.waitFor();
    await scene.service.stop();
    await page.getByText(/^The service does not answer\. That began .+ what is shown is from .+ ago\.$/).waitFor();
    await page.getByText('Offline').waitFor();
    expect(await row.isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('Not known at present; last known: ').waitFor();
    await eventually(async () => expect(await page.title()).toContain('offline'));
  });
});
