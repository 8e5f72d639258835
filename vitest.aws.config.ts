import { defineConfig } from 'vitest/config';

/** Against a stack in a real account, which docs/deploy.md says how to name. */
export default defineConfig({
  test: { name: 'aws', include: ['test/aws/**/*.test.ts'], testTimeout: 20 * 60_000, hookTimeout: 60_000 },
});
