import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const S3_TESTS = 'test/{conformance,integration}/s3/**/*.test.ts';

/**
 * FalkorDB 4.16.3 itself freezes when it loads or makes its first graph, about once in some thousand times, and a run does
 * so some thousand times. A test of real servers that failed is tried once more; the report says which.
 */
const RETRY = process.env.CI ? 1 : 0;

/** The lanes of the test run; docs/architecture.md says what each needs. */
export default defineConfig({
  test: {
    // The tests of real servers wait more than they work.
    maxWorkers: Math.max(4, availableParallelism()),
    projects: [
      // Properties are tried on many examples, while other lanes keep the machine busy.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          exclude: [S3_TESTS],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          retry: RETRY,
          include: ['test/integration/**/*.test.ts'],
          exclude: [S3_TESTS],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 's3',
          retry: RETRY,
          include: [S3_TESTS],
          globalSetup: ['test/support/s3/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'scenario',
          retry: RETRY,
          include: ['test/scenario/**/*.test.ts'],
          globalSetup: ['test/support/s3/global-setup.ts', 'test/scenario/support/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'browser',
          retry: RETRY,
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
