import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Of Debian's package `chromium`. */
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

/** Why no browser can be started; undefined where one can. */
export function missingBrowser(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : `${CHROMIUM} is not there (apt-get install chromium).`;
}

/** Its profile is new, and gone with it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export interface OpenPage extends AsyncDisposable {
  page: Page;
  /** What the page should not have done: errors and warnings of its console, also of its security policy, and crashes. */
  problems: string[];
}

/** A tab of its own, with nothing kept from any other. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`crash: ${error.stack ?? error.message}`));
  await page.goto(url);
  return { page, problems, [Symbol.asyncDispose]: () => context.close() };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core calls serious or critical, a line each with the elements. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Not by a script element, which the page's policy would refuse.
  await page.evaluate(AXE);
  const violations = await page.evaluate<
    { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
  >('axe.run(document).then(({ violations }) => violations)');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
    );
}

/** By so many pixels what is shown is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth');
}
