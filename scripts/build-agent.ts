import { build } from 'esbuild';

/** One file that needs nothing but Node: what is published, and what the container holds. */
await build({
  entryPoints: ['agent/main.ts'],
  outfile: 'dist/agent.mjs',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Prefers the ES module of a package that has both.
  mainFields: ['module', 'main'],
  banner: {
    // Some bundled packages are CommonJS and call require for Node's own modules.
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  legalComments: 'linked',
  logLevel: 'warning',
});
