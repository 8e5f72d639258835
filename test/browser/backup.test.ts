import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type OpenPage, openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Scene, startScene } from './support/scene.ts';
import { TOKEN } from './support/service.ts';

/** Redis says how far a save is after each 1024 keys, once a second at most. */
const KEYS = 3000;
const MICROSECONDS_EACH = 1500;

describe.skipIf(inject('browserMissing'))('the dashboard, from a backup to its log', () => {
  let scene: Scene;
  let tab: OpenPage;

  beforeAll(async () => {
    scene = await startScene();
    // Its save takes some seconds: what is shown meanwhile can be seen.
    await scene.live.fill(KEYS);
    await scene.live.setSaveDelay(MICROSECONDS_EACH);
    tab = await openPage(scene.browser, scene.service.url);
    tab.page.setDefaultTimeout(30_000);
  });

  afterAll(async () => {
    await tab?.[Symbol.asyncDispose]();
    await scene?.[Symbol.asyncDispose]();
  });

  afterEach(() => expect(tab.problems).toEqual([]));

  it('says that there is no backup yet', async () => {
    const { page } = tab;
    await page.getByText('No backup yet, and none is scheduled').first().waitFor();
    await page.getByRole('link', { name: 'Backups' }).first().click();
    await page.getByText('There is no backup yet.').waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await eventually(async () => expect(await page.title()).toMatch(/^Overview · No backup yet/));
  });

  it('makes a backup, and shows how far it is', async () => {
    const { page } = tab;
    await page.getByRole('button', { name: 'Back up now' }).click();
    const dialog = page.getByRole('dialog', { name: 'Unlock actions' });
    await dialog.getByLabel('Token').fill(TOKEN);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    const bar = page.getByRole('progressbar', { name: 'Backup, manual' });
    await bar.waitFor();
    await page.getByText(/FalkorDB saves its dump/).waitFor();
    await page.getByText(/^[12],\d+ of 3,00\d keys \([3-9]\d%\)$/).waitFor();
    await page.getByText('Backup completed').waitFor();
    await bar.waitFor({ state: 'hidden' });
    await page.getByRole('status').getByText('All is well').waitFor();
    const links = page.getByRole('row', { name: /^manual/ }).getByRole('link');
    await eventually(async () => expect(await links.count()).toBe(1));
  });

  it('shows it in the timeline and in its charts', async () => {
    const { page } = tab;
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Timeline' }).click();
    const today = new Date().toISOString().slice(0, 10);
    await page.getByRole('link', { name: `manual, ${today}: 1 backup` }).waitFor();
    await page.getByRole('img', { name: /^Stored size of one backup: / }).waitFor();
    await eventually(async () => expect(await page.locator('canvas').count()).toBe(2));
  });

  it('finds it among the backups and opens it', async () => {
    const { page } = tab;
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Backups' }).click();
    await page.getByLabel('Search').fill('no such backup');
    await page.getByText('No backup matches.').waitFor();
    await page.getByLabel('Search').fill('knowledge');
    await page.getByRole('link', { name: /-falkordb-manual$/ }).click();
    const details = page.getByRole('dialog');
    await details.getByText('All of its bytes are in the store').waitFor();
    const cells = details.getByRole('row', { name: /^knowledge/ }).getByRole('cell');
    // Nodes, edges, labels, relationship types, indexes, constraints.
    await eventually(async () => expect(await cells.allTextContents()).toEqual(['400', '200', '2', '1', '1', '0']));
    expect(page.url()).toContain('backup=');
  });

  it('verifies it by loading it', async () => {
    const details = tab.page.getByRole('dialog');
    await details.getByText('It was never loaded for a trial.').waitFor();
    await details.getByRole('button', { name: 'Verify by loading it' }).click();
    await details.getByRole('progressbar').waitFor();
    await details.getByText(/^Loaded by FalkorDB/).waitFor();
    await details.getByText(/^verified /).waitFor();
  });

  it('pins it with a note, and lets it go again', async () => {
    const details = tab.page.getByRole('dialog');
    await details.getByRole('button', { name: 'Pin…' }).click();
    await details.getByLabel('Why it is kept').fill('before the migration');
    await details.getByRole('button', { name: 'Pin', exact: true }).click();
    await details.getByText('before the migration').waitFor();
    await details.getByText('pinned', { exact: true }).first().waitFor();
    await details.getByRole('button', { name: 'Unpin' }).click();
    await details.getByRole('button', { name: 'Pin…' }).waitFor();
    const badge = details.locator('.badges').getByText('pinned', { exact: true });
    await badge.waitFor({ state: 'detached' });
  });

  it('shows the plan of a restore, with the command for it', async () => {
    const details = tab.page.getByRole('dialog');
    await details.getByRole('button', { name: 'Show the restore plan' }).click();
    await details.getByText(/^falkordb-backup restore \d{8}T\d{6}Z-falkordb-manual --target falkordb$/).waitFor();
    await details.getByText('1 graph, 400 nodes: all that it holds now').waitFor();
  });

  it('leads to the log of its run, and follows it', async () => {
    const { page } = tab;
    await page
      .getByRole('dialog')
      .getByRole('link', { name: /^log of / })
      .click();
    await page.getByRole('heading', { name: 'Logs' }).waitFor();
    const log = page.getByRole('region', { name: 'Log, newest line last' });
    await log.getByText('Committed the manifest: the backup exists').waitFor();
    const runId = await page.getByLabel('Run').inputValue();
    expect(runId).toMatch(/^\d{8}T\d{6}Z-/);
    const lines = log.getByRole('listitem');
    expect(await lines.count()).toBeGreaterThan(1);
    for (const line of await lines.allTextContents()) expect(line).toContain(runId);
  });

  it('shows what prune would do', async () => {
    const { page } = tab;
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Retention' }).click();
    await page.getByText('A prune now would remove 0 backups and free 0 B; it would keep 1.').waitFor();
  });
});
