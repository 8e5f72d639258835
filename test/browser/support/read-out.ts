import type { Page } from 'playwright-core';

/** What ticks within what is read out whenever it changes. */
export function readOutAgain(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('[role=status] :is(time, progress)')]
    .filter((element) => !element.closest('[aria-hidden=true]'))
    .map((element) => element.outerHTML)`);
}
