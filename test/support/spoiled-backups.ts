import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { manifestKey } from '../../core/model/keys.ts';
import { encodeManifest, type Manifest } from '../../core/model/manifest.ts';
import type { FileStore } from '../../core/store/file-store.ts';
import { type BackupCall, backUp, manifestOf } from './backups.ts';
import { type LiveServer, startLiveServer } from './live-server.ts';
import { crc64 } from './rdb-bytes.ts';

/** What a graph's payload, which Redis has compressed, can suffer. */
export const DAMAGES = {
  /** FalkorDB's decoder reads beyond its buffer: signal 11. */
  crash: (payload: Buffer, label: number) => payload.writeUInt8(0x45, label - 2),
  /** Redis cannot decompress it. */
  refusal: (payload: Buffer, label: number) => payload.fill(0xff, label + 80, label + 120),
} as const;

/**
 * A small backup whose every checksum and digest is right, and which FalkorDB cannot load all the same: as if the
 * server had written it that way. The server must have nothing before the graph of `createSpoilableGraph`.
 */
export async function backUpSpoiled(
  live: LiveServer,
  root: string,
  store: FileStore,
  damage: keyof typeof DAMAGES,
  call: BackupCall = {},
): Promise<Manifest> {
  const config = { ...call.config, compression: 'none' } as const;
  const manifest = manifestOf(await backUp(live, store, { ...call, config }));
  const path = join(root, manifest.stored.key);
  const bytes = spoil(await readFile(path), damage);
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return rewriteManifest(root, {
    ...manifest,
    rdb: { ...manifest.rdb, sha256 },
    stored: { ...manifest.stored, sha256 },
  });
}

/** The dump alone. */
export async function spoiledDump(damage: keyof typeof DAMAGES): Promise<Buffer> {
  return spoil(await intactDump(), damage);
}

/** It ends in the middle of what the module wrote last: the check that Redis then makes of it turns in circles. */
export async function unendingDump(): Promise<Buffer> {
  const whole = await intactDump();
  const cut = whole.subarray(0, -9);
  cut.writeUInt8(NO_MODULE_OPCODE, cut.length - 1);
  return cut;
}

/** rdb.h of Redis knows 0 (the end of a module's value) to 5. */
const NO_MODULE_OPCODE = 7;

async function intactDump(): Promise<Buffer> {
  await using live = await startLiveServer();
  await createSpoilableGraph(live);
  await live.client.save();
  return await readFile(join(live.server.folder, 'dump.rdb'));
}

function spoil(dump: Buffer, damage: keyof typeof DAMAGES): Buffer {
  const bytes = Buffer.from(dump);
  DAMAGES[damage](bytes, bytes.indexOf(LABEL));
  bytes.writeBigUInt64LE(crc64(bytes.subarray(0, -8)), bytes.length - 8);
  return bytes;
}

const LABEL = 'Person';

export async function createSpoilableGraph(live: LiveServer): Promise<void> {
  await live.graph(
    'people',
    `UNWIND range(1, 20) AS i CREATE (:${LABEL} {name: 'n' + i})-[:KNOWS {w: i}]->(:City {c: i})`,
  );
}

/** As if another version, or another server, had written it. */
export async function rewriteManifest(root: string, manifest: Manifest): Promise<Manifest> {
  const parts = parseBackupId(manifest.backupId);
  if (!parts) throw new Error(`${manifest.backupId} is no backup id`);
  await writeFile(join(root, manifestKey(parts)), encodeManifest(manifest));
  return manifest;
}
