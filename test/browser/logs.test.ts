import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Scene, startScene } from './support/scene.ts';
import { TOKEN } from './support/service.ts';

const PHONE = { viewport: { width: 390, height: 700 } };
const COMMITTED = 'Committed the manifest: the backup exists';

describe.skipIf(inject('browserMissing'))('the log viewer', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene();
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('shows lines as they come, and scrolls along until somebody scrolls up', async () => {
    await using tab = await openPage(scene.browser, `${scene.service.url}/#/logs`, PHONE);
    const { page, problems } = tab;
    const log = page.getByRole('region', { name: 'Log, newest line last' });
    const toEnd = () => log.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
    await log.getByText('The service has started').waitFor();

    await backUp(scene);
    await log.getByText(COMMITTED).waitFor();
    await backUp(scene);
    await log.getByText(COMMITTED).nth(1).waitFor();
    await eventually(async () => expect(await toEnd()).toBeLessThanOrEqual(1));

    await log.hover();
    await page.mouse.wheel(0, -5000);
    await page.getByRole('button', { name: 'Follow', exact: true, pressed: false }).waitFor();
    await backUp(scene);
    await log.getByText(COMMITTED).nth(2).waitFor();
    expect(await log.evaluate((box) => box.scrollTop)).toBe(0);

    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    await eventually(async () => expect(await toEnd()).toBeLessThanOrEqual(1));
    expect(problems).toEqual([]);
  });

  it('shows what was asked for only', async () => {
    await using tab = await openPage(scene.browser, `${scene.service.url}/#/logs`);
    const { page } = tab;
    const lines = page.getByRole('region', { name: 'Log, newest line last' }).getByRole('listitem');
    await page.getByText('The service has started').waitFor();
    await page.getByLabel('Search').fill('has STARTED');
    await eventually(async () => expect(await lines.count()).toBe(1));
    await page.getByLabel('Level').selectOption('error');
    await page.getByText(/^No line matches\./).waitFor();
    await eventually(() => expect(page.url()).toContain('level=error'));
  });
});

/** As another page would: until it has begun. */
async function backUp({ service }: Scene): Promise<void> {
  const asked = Date.now();
  const body = JSON.stringify({ target: 'falkordb' });
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  // One at a time; and two within one second would be one backup.
  await eventually(async () => {
    expect(Math.floor(Date.now() / 1000)).toBeGreaterThan(Math.floor(asked / 1000));
    expect((await fetch(`${service.url}/api/v1/backups`, { method: 'POST', headers, body })).status).toBe(202);
  }, 200);
}
