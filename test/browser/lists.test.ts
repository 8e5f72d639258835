import type { Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { OTHER, type PlainScene, startPlainScene, TARGET } from './support/plain-scene.ts';

const HOUR_MS = 3_600_000;
const MANY = 60;
const LONG_AGO_MS = 40 * 24 * HOUR_MS;

describe.skipIf(inject('browserMissing'))('lists of many', () => {
  let scene: PlainScene;

  beforeAll(async () => {
    scene = await startPlainScene(async (store) => {
      const now = Math.floor(Date.now() / 1000) * 1000;
      for (let hours = 1; hours <= MANY; hours++) {
        await storeBackup(store, TARGET, 'manual', new Date(now - hours * HOUR_MS), {}, { withRecords: false });
      }
      await storeBackup(store, OTHER, 'manual', new Date(now - LONG_AGO_MS), {}, { withRecords: false });
    });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  const open = (hash: string) => openPage(scene.browser, `${scene.dashboard.url}/#/${hash}`);

  it('are loaded page by page, also while they are read anew', async () => {
    await using tab = await open(`backups?target=${TARGET}`);
    const { page, problems } = tab;
    await page.getByText('25 of 60 shown').waitFor();
    const held: Route[] = [];
    await page.route('**/api/v1/backups?*', (route) => void held.push(route), { times: 1 });
    await page.getByRole('button', { name: 'Refresh' }).click();
    await eventually(() => expect(held).toHaveLength(1));
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('50 of 60 shown').waitFor();
    // The answer of before may come now: nobody waits for it any more.
    for (const route of held) {
      await route.continue();
      await route.request().response();
    }
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('60 of 60 shown').waitFor();
    expect(problems).toEqual([]);
  });

  it('show what prune would keep page by page', async () => {
    await using tab = await open(`retention?target=${TARGET}`);
    const { page } = tab;
    await page.getByText('25 of 60 shown').waitFor();
    expect(await page.getByRole('row').count()).toBe(1 + 25);
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('50 of 60 shown').waitFor();
  });

  it('keep a filter that was chosen while one had just typed another', async () => {
    await using tab = await open('backups');
    const { page } = tab;
    const tier = page.getByLabel('Tier');
    await page.getByText('25 of 61 shown').waitFor();
    await page.getByLabel('Search').fill('falkordb');
    await tier.selectOption('manual');
    await eventually(() => expect(page.url()).toContain('search=falkordb'));
    expect(page.url()).toContain('tier=manual');
    expect(await tier.inputValue()).toBe('manual');
  });

  it('say where to look when all are too old for the timeline', async () => {
    await using tab = await open(`timeline?target=${OTHER}`);
    const { page } = tab;
    await page.getByText('Nothing in the last 35 days.').waitFor();
    await page.getByRole('link', { name: 'Older backups' }).click();
    await page.getByText('1 of 1 shown').waitFor();
  });
});
