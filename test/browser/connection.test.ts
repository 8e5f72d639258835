import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type PlainScene, startPlainScene } from './support/plain-scene.ts';
import { wayTo } from './support/way.ts';

/** Of HTTP/1.1, with one host, for all tabs of a browser. */
const CONNECTIONS = 6;
/** A bit less than the page waits for a sign of life. */
const QUIET_MS = 35_000;
const TOO_QUIET_MS = 41_000;
/** A request is given 30 s. */
const GIVEN_UP_MS = 90_000;

/** Counts the streams that were begun, and lets the test say who is hidden: without a window every tab is visible. */
const WATCHED = `
  window.begun = 0;
  const Real = window.EventSource;
  window.EventSource = class extends Real { constructor(url) { super(url); window.begun += 1; } };
  window.isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => window.isHidden });
`;
const NEXT_SIGN_OF_LIFE = `new Promise((resolve) => {
  const stream = new EventSource('/api/v1/events');
  stream.addEventListener('alive', () => { stream.close(); resolve(); });
})`;

describe.skipIf(inject('browserMissing'))('the connection of the page with the service', () => {
  let scene: PlainScene;

  beforeAll(async () => {
    scene = await startPlainScene();
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('is live as long as the service says that it is there, and offline when it says nothing', async () => {
    await using way = await wayTo(scene.dashboard.port);
    await using tab = await openPage(scene.browser, 'about:blank');
    const { page } = tab;
    await page.addInitScript(WATCHED);
    await page.clock.install();
    await page.goto(way.url);
    await isLive(page);
    // From here on the page's time passes when it is told to.
    await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000);
    await page.clock.fastForward(QUIET_MS);
    await page.evaluate(NEXT_SIGN_OF_LIFE);
    await page.clock.fastForward(QUIET_MS);
    await isLive(page);
    // The page's own, and the one of this test.
    expect(await page.evaluate('window.begun')).toBe(2);
    await page.clock.resume();

    way.freeze();
    await page.clock.fastForward(TOO_QUIET_MS);
    await page.getByText('Reconnecting', { exact: true }).waitFor();
    await page.getByText('Offline', { exact: true }).waitFor({ timeout: GIVEN_UP_MS });
    await page.getByText(/^The service does not answer\. That began /).waitFor();

    way.thaw();
    await isLive(page);
  });

  it('is one of each tab that somebody sees, and none of the others', async () => {
    const context = await scene.browser.newContext();
    await using _ = { [Symbol.asyncDispose]: () => context.close() };
    await context.addInitScript(WATCHED);
    const pages: Page[] = [];
    for (let tab = 0; tab <= CONNECTIONS; tab++) {
      const page = await context.newPage();
      await page.goto(`${scene.dashboard.url}/#/logs`);
      await isLive(page);
      // Two side by side on the screen.
      await pages.at(-2)?.evaluate(HIDE);
      pages.push(page);
    }
    const [first] = pages;
    if (!first) throw new Error('no tab was opened');
    scene.dashboard.log.info({ target: 'falkordb' }, 'while it was hidden');
    await first.evaluate(SHOW);
    await isLive(first);
    await first.getByText('while it was hidden').waitFor();
    scene.dashboard.log.info({ target: 'falkordb' }, 'while it is shown');
    await first.getByText('while it is shown').waitFor();
    await eventually(async () => expect(await first.getByText('while it was hidden').count()).toBe(1));
  });
});

const HIDE = "window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))";
const SHOW = "window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))";

function isLive(page: Page): Promise<void> {
  return page.getByText('Live', { exact: true }).waitFor();
}
