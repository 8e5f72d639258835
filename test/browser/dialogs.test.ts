import type { Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { DASHBOARD_TOKEN } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { OTHER, type PlainScene, startPlainScene, TARGET } from './support/plain-scene.ts';
import { readOutAgain } from './support/read-out.ts';

/** As of a browser that keeps nothing for this site. */
const NO_STORAGE = `for (const name of ['localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
}`;

describe.skipIf(inject('browserMissing'))('what lies over the page', () => {
  let scene: PlainScene;
  let backupId = '';

  beforeAll(async () => {
    scene = await startPlainScene(async (store) => {
      const imported = { from: 'old.rdb', at: new Date().toISOString(), stampedAt: null };
      backupId = await storeBackup(store, TARGET, 'daily', new Date('2026-11-22T02:30:00Z'), {
        source: 'import',
        imported,
      });
    });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('shows the plan of the target that is chosen, and of no other', async () => {
    await using tab = await openPage(scene.browser, `${scene.dashboard.url}/#/backups?backup=${backupId}`);
    const { page, problems } = tab;
    const details = page.getByRole('dialog');
    await details.getByText('imported from old.rdb').waitFor();
    const asked: Route[] = [];
    await page.route('**/plan?*', (route) => void asked.push(route));
    const askFor = async (target: string) => {
      await details.getByLabel('Target').selectOption(target);
      await details.getByRole('button', { name: 'Show the restore plan' }).click();
    };
    const command = (target: string) => details.getByText(`falkordb-backup restore ${backupId} --target ${target}`);
    await askFor(TARGET);
    await askFor(OTHER);
    await eventually(() => expect(asked).toHaveLength(2));
    await asked[1]?.fulfill({ json: planOf(OTHER) });
    await command(OTHER).waitFor();
    expect(await readOutAgain(page)).toEqual([]);
    // The answer to the earlier question comes last.
    const late = page.waitForResponse(/target=falkordb/);
    await asked[0]?.fulfill({ json: planOf(TARGET) });
    await late;
    expect(await command(OTHER).isVisible()).toBe(true);
    await details.getByLabel('Target').selectOption(TARGET);
    await command(OTHER).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  it('stays where a selection is dragged out of it, and goes with a click beside it', async () => {
    await using tab = await openPage(scene.browser, scene.dashboard.url);
    const { page } = tab;
    await page.getByRole('button', { name: 'Unlock' }).click();
    const token = page.getByLabel('Token');
    await token.fill('a token that was typed');
    const box = await token.boundingBox();
    if (!box) throw new Error('the field is not shown');
    await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(5, 5, { steps: 5 });
    await page.mouse.up();
    expect(await token.inputValue()).toBe('a token that was typed');
    expect(await page.getByRole('dialog').count()).toBe(1);
    await page.mouse.click(5, 5);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('does not unlock when it was closed before the token was found to be right', async () => {
    await using tab = await openPage(scene.browser, scene.dashboard.url);
    const { page } = tab;
    const checked: Route[] = [];
    await page.route('**/api/v1/token', (route) => void checked.push(route));
    await page.getByRole('button', { name: 'Unlock' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Token').fill(DASHBOARD_TOKEN);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await eventually(() => expect(checked).toHaveLength(1));
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const answered = page.waitForResponse('**/api/v1/token');
    await checked[0]?.continue();
    expect((await answered).status()).toBe(204);
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await page.getByRole('button', { name: 'Unlock' }).count()).toBe(1);
  });

  it('works where the browser keeps nothing', async () => {
    await using tab = await openPage(scene.browser, 'about:blank');
    const { page, problems } = tab;
    await page.addInitScript(NO_STORAGE);
    await page.goto(scene.dashboard.url);
    await page.getByRole('button', { name: /^Switch to the / }).click();
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByLabel('Token').fill(DASHBOARD_TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Lock', exact: true }).waitFor();
    expect(problems).toEqual([]);
  });

  function planOf(target: string): object {
    const server = { address: 'redis://127.0.0.1:6379', falkordb: '4.16.3', redis: '8.2.3', graphs: [] };
    return {
      ...{ status: 'planned', restore: backupId, takenAt: '2026-11-22T02:30:00Z', ageSeconds: 1, target, server },
      ...{ rdb: { bytes: 1, sha256: '' }, provenAt: null, safetyBackup: true, refusals: [], notes: [] },
      command: `falkordb-backup restore ${backupId} --target ${target}`,
    };
  }
});
