import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openStore } from '../../core/store/open-store.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { accessibilityProblems, type OpenPage, openPage, overflow } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Scene, startScene } from './support/scene.ts';
import { storeUrlIn } from './support/store-url.ts';

const HOUR_MS = 3_600_000;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const DESK = { viewport: { width: 1280, height: 900 } };

describe.skipIf(inject('browserMissing'))('every view', () => {
  let scene: Scene;
  let backupId = '';

  beforeAll(async () => {
    scene = await startScene(async (live, folder) => {
      const store = openStore(storeUrlIn(folder));
      for (const [tier, hours] of [
        ['weekly', 70],
        ['daily', 47],
        ['daily', 23],
        ['snapshot', 2],
        ['manual', 1],
      ] as const) {
        const scheduledFor = new Date(Date.now() - hours * HOUR_MS);
        // Without a write a snapshot would be skipped.
        await live.graph('knowledge', 'CREATE (:Topic)');
        backupId = manifestOf(await backUp(live, store, { tier, scheduledFor })).backupId;
      }
    });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  /** A view with what tells that it is there. */
  const views: [name: string, hash: () => string, isThere: (tab: OpenPage) => Promise<void>][] = [
    ['the overview', () => '#/overview', async ({ page }) => page.getByRole('heading', { name: 'falkordb' }).waitFor()],
    ['the timeline', () => '#/timeline', async ({ page }) => page.locator('canvas').nth(1).waitFor()],
    ['the backups', () => '#/backups', async ({ page }) => page.getByText('5 of 5 shown').waitFor()],
    ['a backup', () => `#/backups?backup=${backupId}`, async ({ page }) => page.getByText('SHA-256').waitFor()],
    ['the runs', () => '#/runs', async ({ page }) => page.getByText('5 shown').waitFor()],
    ['the logs', () => '#/logs', async ({ page }) => page.getByText('The service has started').waitFor()],
    ['the retention', () => '#/retention', async ({ page }) => page.getByText('A prune now would').waitFor()],
    ['the lock', () => '#/overview', openLock],
  ];

  describe.each(views)('%s', (_, hash, isThere) => {
    const open = async (options: Parameters<typeof openPage>[2]) => {
      const tab = await openPage(scene.browser, `${scene.service.url}/${hash()}`, options);
      await isThere(tab);
      return tab;
    };

    it('is no wider than a phone, and big enough for fingers', async () => {
      await using tab = await open(PHONE);
      expect(await overflow(tab.page)).toBe(0);
      expect(await smallTargets(tab)).toEqual([]);
      expect(tab.problems).toEqual([]);
    });

    it.each(['light', 'dark'] as const)('can be used by all, %s', async (colorScheme) => {
      await using tab = await open({ ...DESK, colorScheme });
      expect(await accessibilityProblems(tab.page)).toEqual([]);
      expect(tab.problems).toEqual([]);
    });
  });

  it('keeps the theme that was chosen', async () => {
    await using tab = await openPage(scene.browser, scene.service.url, { colorScheme: 'light' });
    const { page } = tab;
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
    await eventually(async () => expect(await ground()).not.toBe(light));
    const dark = await ground();
    await page.reload();
    await page.getByRole('button', { name: 'Switch to the light theme' }).waitFor();
    expect(await ground()).toBe(dark);
  });
});

async function openLock({ page }: OpenPage): Promise<void> {
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('dialog').getByLabel('Token').waitFor();
}

/** Buttons and fields that are less than 40 pixels high; links within text may be as high as it is. */
function smallTargets({ page }: OpenPage): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('button, input, select, summary, nav a, .day[href]')]
    .filter((element) => element.checkVisibility() && !element.classList.contains('skip-link'))
    .filter((element) => element.getBoundingClientRect().height < 40)
    .map((element) => element.outerHTML)`);
}
