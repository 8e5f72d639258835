import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { missingBrowser } from '../../support/browser.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the tests in a browser cannot run; empty where they can. */
    browserMissing: string;
  }
}

/** Vitest calls this only where the run has tests of the project. */
export default function setUpBrowser(project: TestProject): void {
  const missing = missingBrowser();
  if (missing !== undefined) {
    if (process.env.CI === 'true') throw new Error(`There is no browser to test in: ${missing}`);
    process.stderr.write(`Tests in a browser are skipped: ${missing}\n`);
  } else if (!existsSync('dist/web/page.js')) {
    throw new Error('The page is not built: run "npm run build" before the tests in a browser.');
  }
  project.provide('browserMissing', missing ?? '');
}
