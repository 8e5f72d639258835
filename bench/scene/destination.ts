import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { evict } from '../observe/page-cache.ts';
import type { GatewayPlace } from './gateway.ts';

export const PLACES = ['folder', 'gateway'] as const;
export type PlaceName = (typeof PLACES)[number];

/** Where one run stores: empty in the beginning. */
export interface Destination {
  place: PlaceName;
  /** Of the agent. */
  settings: Record<string, string>;
  /** A folder's path; of the gateway, `<bucket>/<prefix>`. */
  path: string;
  /** For the other programs: restic and rclone. */
  env: Record<string, string>;
  /** What restic calls it. */
  resticRepository: string;
  /** Bytes of all that is stored. */
  storedBytes(): Promise<number>;
  /** What a run reads next comes from where it is kept. */
  coolDown(): Promise<void>;
  /** All whose key begins so. */
  remove(prefix?: string): Promise<void>;
}

export function folderDestination(folder: string, signal: AbortSignal): Destination {
  return {
    place: 'folder',
    settings: { BACKUP_STORE: pathToFileURL(folder).href },
    path: folder,
    env: {},
    resticRepository: folder,
    storedBytes: () => bytesBelow(folder),
    coolDown: () => evict(folder, signal),
    remove: (prefix = '') => rm(join(folder, prefix), { recursive: true, force: true }),
  };
}

export function gatewayDestination({ server, bucket, objects }: GatewayPlace, prefix: string): Destination {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return {
    place: 'gateway',
    settings: {
      BACKUP_STORE: `s3://${bucket}/${prefix}`,
      S3_ENDPOINT: endpoint,
      S3_REGION: region,
      S3_ACCESS_KEY: accessKeyId,
      S3_SECRET_KEY: secretAccessKey,
    },
    path: `${bucket}/${prefix}`,
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: region,
      RCLONE_CONFIG_GATEWAY_TYPE: 's3',
      RCLONE_CONFIG_GATEWAY_PROVIDER: 'Ceph',
      RCLONE_CONFIG_GATEWAY_ENDPOINT: endpoint,
      RCLONE_CONFIG_GATEWAY_ACCESS_KEY_ID: accessKeyId,
      RCLONE_CONFIG_GATEWAY_SECRET_ACCESS_KEY: secretAccessKey,
      RCLONE_CONFIG_GATEWAY_NO_CHECK_BUCKET: 'true',
    },
    resticRepository: `s3:${endpoint}/${bucket}/${prefix}`,
    storedBytes: async () => {
      const found = await objects.list(prefix);
      return found.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    coolDown: async () => {},
    remove: (below = '') => objects.remove(`${prefix}/${below}`),
  };
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
