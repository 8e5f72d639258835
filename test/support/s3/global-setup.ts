import type { TestProject } from 'vitest/node';
import { type NoS3Server, openS3Server, type S3Server } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    s3: S3Server | NoS3Server;
  }
}

/** One server for all test files of the project. Vitest calls this only where the run has any. */
export default async function setUpS3(project: TestProject): Promise<() => Promise<void>> {
  const server = await openS3Server();
  if ('missing' in server) {
    if (process.env.CI === 'true') throw new Error(`There is no S3 server to test against: ${server.missing}`);
    process.stderr.write(`Tests against S3 are skipped: ${server.missing}\n`);
    project.provide('s3', server);
    return async () => {};
  }
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  project.provide('s3', { endpoint, region, accessKeyId, secretAccessKey });
  return async () => await server[Symbol.asyncDispose]();
}
