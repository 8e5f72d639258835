import { missingCephCommands, startCephGateway } from './ceph-gateway.ts';

/** Where an S3 server answers, and the keys of a user who may do anything there. Path-style addressing. */
export interface S3Server {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Why this machine has no S3 server. */
export interface NoS3Server {
  missing: string;
}

/**
 * The server that S3_TEST_ENDPOINT names, or else a Ceph gateway of our own.
 * @throws where there is a Ceph that does not start: that is a fault, not something that is missing.
 */
export async function openS3Server(): Promise<(S3Server & AsyncDisposable) | NoS3Server> {
  const named = namedServer();
  if (named) return { ...named, [Symbol.asyncDispose]: async () => {} };
  const missing = await missingCephCommands();
  if (missing.length === 0) return startCephGateway();
  return { missing: `S3_TEST_ENDPOINT is not set, and of Ceph there is no ${missing.join(', ')}` };
}

function namedServer(): S3Server | undefined {
  const { S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY, S3_TEST_SECRET_KEY, S3_TEST_REGION } = process.env;
  if (!S3_TEST_ENDPOINT) return undefined;
  if (!S3_TEST_ACCESS_KEY || !S3_TEST_SECRET_KEY) {
    throw new Error('S3_TEST_ENDPOINT needs S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY');
  }
  return {
    endpoint: S3_TEST_ENDPOINT,
    region: S3_TEST_REGION ?? 'us-east-1',
    accessKeyId: S3_TEST_ACCESS_KEY,
    secretAccessKey: S3_TEST_SECRET_KEY,
  };
}
