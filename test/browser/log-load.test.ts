import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type PlainScene, startPlainScene, TARGET } from './support/plain-scene.ts';

const SHOWN = 1000;
const MORE = 30;

/** Each line that is drawn says its time by the clock of whoever looks. */
const COUNTING = `
  window.drawn = 0;
  const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { get() { window.drawn += 1; return get.call(this); } });
  const toLocaleString = Date.prototype.toLocaleString;
  Date.prototype.toLocaleString = function (...given) { window.drawn += 1; return toLocaleString.apply(this, given); };
`;

describe.skipIf(inject('browserMissing'))('the log viewer, when it is full', () => {
  let scene: PlainScene;

  beforeAll(async () => {
    scene = await startPlainScene();
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it('draws what is new, and not all again', async () => {
    const { log, url } = scene.dashboard;
    const say = (text: string) => log.info({ target: TARGET }, text);
    for (let line = 0; line < SHOWN; line++) say(`line ${line} of before`);
    await using tab = await openPage(scene.browser, 'about:blank');
    const { page } = tab;
    await page.addInitScript(COUNTING);
    await page.goto(`${url}/#/logs`);
    await page.getByText('1,000 lines').waitFor();
    const drawn = () => page.evaluate<number>('window.drawn');
    const before = await drawn();
    expect(before).toBeGreaterThanOrEqual(SHOWN);
    for (let line = 0; line < MORE; line++) {
      say(`line ${line} of after`);
      // One by one, so that each is drawn for itself.
      await page.getByText(`line ${line} of after`).waitFor();
    }
    expect((await drawn()) - before).toBeLessThan(SHOWN);

    for (let line = 0; line < SHOWN; line++) say(`line ${line} of a burst`);
    await page.getByText(`line ${SHOWN - 1} of a burst`).waitFor();
    await eventually(async () => expect(await page.getByText(/of (before|after)/).count()).toBe(0));
  });
});
