import { CreateBucketCommand, DeleteObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { openS3Server, type S3Server } from '../../test/support/s3/server.ts';

const CONCURRENCY = 16;
const BUCKET = 'bench';

export interface GatewayPlace extends AsyncDisposable {
  server: S3Server;
  bucket: string;
  objects: Objects;
}

interface Objects {
  list(prefix: string): Promise<{ key: string; bytes: number }[]>;
  remove(prefix: string): Promise<void>;
}

/** One S3 server for the whole run, or why this machine has none. */
export async function openGateway(): Promise<GatewayPlace | { missing: string }> {
  const server = await openS3Server();
  if ('missing' in server) return server;
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    server,
    bucket: BUCKET,
    objects: objectsOf(client),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

function objectsOf(client: S3Client): Objects {
  const list = async (Prefix: string) => {
    const found: { key: string; bytes: number }[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: BUCKET, Prefix })) {
      found.push(...Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size })));
    }
    return found;
  };
  const remove = async (prefix: string) => {
    const drop = ({ key }: { key: string }) => client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
    await pMap(await list(prefix), drop, { concurrency: CONCURRENCY });
  };
  return { list, remove };
}
