import { defineConfig } from 'vitest/config';

/** The benchmark, run on a tiny graph: whether it works, not what it measures. */
export default defineConfig({
  test: { name: 'bench', include: ['test/bench/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 60_000 },
});
