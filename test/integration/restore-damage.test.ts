import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../core/model/manifest.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { type Fingerprint, fingerprint } from '../support/fingerprint.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { crc64 } from '../support/rdb-bytes.ts';
import { expectFree, fillOld, settingsOf } from '../support/restore-environment.ts';
import { restoreInto } from '../support/restores.ts';
import { createSpoilableGraph, rewriteManifest } from '../support/spoiled-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let source: LiveServer;
let live: LiveServer;
let old: Fingerprint;
beforeAll(async () => {
  source = await startLiveServer();
  await source.graph('numbers', 'UNWIND range(1, 5000) AS i CREATE (:Number {i: i, half: i * 0.5})');
  live = await startLiveServer();
  await fillOld(live);
  old = await fingerprint(live.client);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await live[Symbol.asyncDispose]();
});

let folder: TemporaryFolder;
let root: string;
let store: FileStore;
let state: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'store');
  store = new FileStore(root);
  state = join(folder.path, 'state');
  return () => folder[Symbol.asyncDispose]();
});

const replication = async () => [await live.info('run_id'), await live.info('master_replid')];
const replicaofs = () => live.info('cmdstat_replicaof');

/** It serves its old data, as the same process, and takes writes again. */
async function expectOld(): Promise<void> {
  expect(await fingerprint(live.client)).toEqual(old);
  await expectFree(live, state);
  await live.graph('g', 'CREATE (:Probe)');
  await live.graph('g', 'MATCH (n:Probe) DELETE n');
}

/** Changes the stored object. */
async function damage({ stored }: Manifest, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const path = join(root, stored.key);
  await writeFile(path, change(await readFile(path)));
}

const flip = (part: number) => (bytes: Buffer) => {
  const at = Math.min(Math.floor(bytes.length * part), bytes.length - 1);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
};

const DAMAGES: [string, (bytes: Buffer) => Uint8Array][] = [
  ['its first byte flipped', flip(0)],
  ['a byte of its first kilobyte flipped', (bytes) => flip(500 / bytes.length)(bytes)],
  ['a byte of its middle flipped', flip(0.5)],
  ['a byte of the part that is sent last flipped', (bytes) => flip(1 - 12 / bytes.length)(bytes)],
  ['its last byte flipped', flip(1)],
  ['its end cut off', (bytes) => bytes.subarray(0, -1)],
];

describe.each(['none', 'zstd'] as const)('a stored object (%s) with', (compression) => {
  test.each(DAMAGES)('%s: FalkorDB keeps its old data, and the error names the object', async (_, change) => {
    const manifest = manifestOf(await backUp(source, store, { config: { compression } }));
    await damage(manifest, change);
    const settings = await settingsOf(live.client);
    const [runId, replicationId] = await replication();
    const refusal = {
      code: 'integrity',
      exitCode: 4,
      message: expect.stringContaining(manifest.stored.key),
      hint: expect.any(String),
    };
    const before = await replicaofs();
    await expect(restoreInto(live, store, state)).rejects.toMatchObject(refusal);
    // The proof has stopped it.
    expect(await replicaofs()).toBe(before);
    expect(await replication()).toEqual([runId, replicationId]);

    // Without a proof it is the stream itself.
    const unproven = restoreInto(live, store, state, { request: { unproven: true } });
    await expect(unproven).rejects.toMatchObject({
      ...refusal,
      message: expect.stringMatching(
        new RegExp(`${manifest.stored.key}.* has its old data and takes writes again`, 's'),
      ),
    });
    expect(await replicaofs()).not.toBe(before);
    expect(await live.info('run_id')).toBe(runId);
    await expectOld();
    expect(await settingsOf(live.client)).toEqual(settings);
  });
});

test('as a command it ends with exit code 4, and says what FalkorDB holds', async () => {
  const manifest = manifestOf(await backUp(source, store));
  await damage(manifest, flip(0.5));
  const env = { FALKORDB_URL: live.server.url, BACKUP_STORE: store.url, BACKUP_STATE_DIR: state };
  const { exitCode, stderr, json } = await agentCommand(['restore', 'latest', '--unproven', '--force', '--json'], {
    env,
  });
  expect(exitCode, stderr).toBe(4);
  expect(json.error).toMatchObject({ code: 'integrity', message: expect.stringContaining(manifest.stored.key) });
  expect(json.error.message).toContain('takes writes again');
  await expectOld();
});

/** Of a dump whose graph has the label Person. */
const SPOILS: [string, (dump: Buffer) => unknown][] = [
  ['it crashes', (dump) => dump.fill(0, dump.indexOf('Person') + 20, dump.indexOf('Person') + 60)],
  ['it gives up', (dump) => dump.writeUInt8(7, dump.length - 10)],
];

test.each(SPOILS)(
  'what FalkorDB cannot load, though every checksum is right, never reaches it (%s)',
  async (_, spoil) => {
    await using spoilt = await startLiveServer();
    // Its telemetry would hold the label too.
    await spoilt.client.call('GRAPH.CONFIG', 'SET', 'CMD_INFO', 'no');
    await createSpoilableGraph(spoilt);
    const manifest = manifestOf(await backUp(spoilt, store, { config: { compression: 'none' } }));
    await damage(manifest, (bytes) => {
      spoil(bytes);
      bytes.writeBigUInt64LE(crc64(bytes.subarray(0, -8)), bytes.length - 8);
      return bytes;
    });
    const sha256 = createHash('sha256')
      .update(await readFile(join(root, manifest.stored.key)))
      .digest('hex');
    const { rdb, stored } = manifest;
    await rewriteManifest(root, { ...manifest, rdb: { ...rdb, sha256 }, stored: { ...stored, sha256 } });

    const look = async () => [await replication(), await replicaofs(), await settingsOf(live.client)];
    const before = await look();
    const refusal = { code: 'integrity', exitCode: 4, message: expect.stringMatching(`${manifest.backupId} .*failed`) };
    await expect(restoreInto(live, store, state)).rejects.toMatchObject(refusal);
    // Not a second time either: what is known of it is recorded.
    await expect(restoreInto(live, store, state)).rejects.toMatchObject(refusal);
    expect(await look()).toEqual(before);
    await expectOldUntouched();
  },
);

/** `expectOld`, where not even a journal was ever made. */
async function expectOldUntouched(): Promise<void> {
  await expect(readFile(state)).rejects.toThrow('ENOENT');
  expect(await fingerprint(live.client)).toEqual(old);
  expect(await live.client.set('side', 'old')).toBe('OK');
}
