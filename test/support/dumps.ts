import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Database } from '../../agent/falkordb/database.ts';
import type { DumpSource } from '../../agent/falkordb/dump-source.ts';
import { type OpenDumpOptions, openDump, type UsedDump, useDump } from '../../agent/falkordb/open-dump.ts';
import { type RdbFacts, RdbInspector } from '../../agent/pipeline/rdb-inspector.ts';
import { type LiveServer, startLiveServer } from './live-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const LONG = { busySeconds: 60, saveSeconds: 60 };

export const DEFAULTS: OpenDumpOptions = {
  source: 'bgsave',
  dataFolder: undefined,
  timeouts: LONG,
  onSaveProgress: () => {},
  log: () => {},
  signal: new AbortController().signal,
};

export function open(db: Database, options: Partial<OpenDumpOptions> = {}): Promise<DumpSource> {
  return openDump(db, { ...DEFAULTS, ...options });
}

/** A dump, read to its end as a backup does. @throws integrity where it is not whole */
export function take(db: Database, options: Partial<OpenDumpOptions> = {}): Promise<UsedDump<WholeDump>> {
  return useDump(db, { ...DEFAULTS, ...options }, readAll);
}

/** The plain dump of what a server holds now. */
export async function dumpOfServer(live: LiveServer): Promise<Buffer> {
  using db = await Database.connect(live.address);
  return (await take(db)).value.bytes;
}

export interface WholeDump {
  bytes: Buffer;
  facts: RdbFacts;
}

/** Reads what is left of a dump to its end, and closes it. @throws integrity where it is not whole */
export async function readWhole(dump: DumpSource, before: Uint8Array[] = []): Promise<WholeDump> {
  try {
    return await readAll(dump, before);
  } finally {
    await dump.close();
  }
}

/** As `readWhole`, for who closes it. */
export async function readAll(dump: DumpSource, before: Uint8Array[] = []): Promise<WholeDump> {
  const chunks = before.map((chunk) => Buffer.from(chunk));
  for await (const chunk of dump.bytes) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  const inspector = await RdbInspector.create(dump.name);
  inspector.update(bytes);
  return { bytes, facts: inspector.end((await dump.written).sizeBytes) };
}

/** What a fresh server says of a dump, which is all that counts. */
export async function loaded<T>(
  { bytes }: Pick<WholeDump, 'bytes'>,
  look: (server: LiveServer) => Promise<T>,
): Promise<T> {
  await using parent = await temporaryFolder();
  const folder = join(parent.path, 'data');
  await mkdir(folder);
  await writeFile(join(folder, 'dump.rdb'), bytes);
  await using server = await startLiveServer({ folder });
  return await look(server);
}
