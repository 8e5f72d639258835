import { lifecycleConfiguration } from '../core/model/s3-lifecycle.ts';

/** The rules of docs/s3.md; a test sees that it holds them. */
export function exampleLifecycle(): string {
  return JSON.stringify(lifecycleConfiguration({ prefix: 'falkordb' }), null, 2);
}

if (import.meta.main) process.stdout.write(`${exampleLifecycle()}\n`);
