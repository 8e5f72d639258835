import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { type PlainScene, startPlainScene, TARGET } from './support/plain-scene.ts';
import { readOutAgain } from './support/read-out.ts';

const RUN = { kind: 'backup', target: TARGET, runId: '20261122T023000Z-daily', backupId: null } as const;

describe.skipIf(inject('browserMissing'))('what the page reads out', () => {
  let scene: PlainScene;

  beforeAll(async () => {
    scene = await startPlainScene();
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('is not what ticks: ages and progress', async () => {
    await using tab = await openPage(scene.browser, scene.dashboard.url);
    const { page } = tab;
    await page.getByText('Live', { exact: true }).waitFor();
    const progress = { phase: 'save', unit: 'keys', done: 1, total: 2 } as const;
    scene.service.tell({ type: 'activity', activity: { ...RUN, tier: 'daily', startedAt: new Date(), progress } });
    await page.getByRole('progressbar').waitFor();
    await page.getByText('(the first is due').first().waitFor();
    expect(await readOutAgain(page)).toEqual([]);
  });
});
