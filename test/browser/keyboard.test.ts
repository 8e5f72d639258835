import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openStore } from '../../core/store/open-store.ts';
import { backUp } from '../support/backups.ts';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Scene, startScene } from './support/scene.ts';
import { TOKEN } from './support/service.ts';
import { storeUrlIn } from './support/store-url.ts';

const DAY_MS = 86_400_000;
const MOST_STEPS = 60;

describe.skipIf(inject('browserMissing'))('the dashboard by keyboard alone', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene(async (live, folder) => {
      const store = openStore(storeUrlIn(folder));
      for (const days of [3, 2, 1]) {
        await backUp(live, store, { tier: 'daily', scheduledFor: new Date(Date.now() - days * DAY_MS) });
      }
    });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('opens a backup with Enter, closes it with Escape, and goes on from where it was', async () => {
    await using tab = await openPage(scene.browser, `${scene.service.url}/#/backups`);
    const { page, problems } = tab;
    const ids = page.getByRole('link', { name: /-falkordb-daily$/ });
    await ids.nth(2).waitFor();
    const second = (await ids.nth(1).textContent()) ?? '';
    await tabTo(page, second);
    await page.keyboard.press('Enter');
    const details = page.getByRole('dialog', { name: second });
    await details.getByText('SHA-256').waitFor();
    // The focus does not leave it for what lies behind.
    await tabTo(page, 'Show the restore plan');
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await eventually(async () => expect(await focused(page)).toBe(second));
    await eventually(() => expect(page.url()).not.toContain('backup='));
    expect(problems).toEqual([]);
  });

  it('moves between the days of the timeline by the arrow keys', async () => {
    await using tab = await openPage(scene.browser, `${scene.service.url}/#/timeline`);
    const { page } = tab;
    const days = page.getByRole('link', { name: /^daily, .*: 1 backup$/ });
    await days.nth(2).waitFor();
    await days.nth(2).focus();
    await page.keyboard.press('ArrowLeft');
    const before = await days.nth(1).getAttribute('aria-label');
    await eventually(async () => expect(await labelOfFocused(page)).toBe(before));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('SHA-256').waitFor();
  });

  it('is told that a token is wrong, and unlocks with the right one', async () => {
    await using tab = await openPage(scene.browser, scene.service.url);
    const { page } = tab;
    await page.getByRole('button', { name: 'Unlock' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Unlock actions' });
    await dialog.getByLabel('Token').fill('not the token');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').getByText('This is not the token.').waitFor();
    await dialog.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Lock' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Lock' }).waitFor();
    expect(await page.evaluate<string>('JSON.stringify(localStorage)')).not.toContain(TOKEN);
  });

  it('skips what is the same on each view', async () => {
    await using tab = await openPage(scene.browser, scene.service.url);
    const { page } = tab;
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Tab');
    await eventually(async () => expect(await focused(page)).toBe('Skip to the content'));
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await focused(page)).toBe('Overview'));
  });
});

/** Presses Tab until what has this text has the focus. @throws where nothing has it, however often */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step++) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === text) return;
  }
  throw new Error(`Tab does not lead to "${text}", but to "${await focused(page)}"`);
}

function focused(page: Page): Promise<string> {
  return page.evaluate('document.activeElement.textContent');
}

function labelOfFocused(page: Page): Promise<string | null> {
  return page.evaluate("document.activeElement.getAttribute('aria-label')");
}
