import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { backUp, manifestOf, TARGET } from '../support/backups.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { expectFree, fillOld, makeProvedBackup, type ProvedBackup } from '../support/restore-environment.ts';
import { restoreInto } from '../support/restores.ts';
import { watched } from '../support/watched-store.ts';

const SOON = { timeout: 20_000, interval: 50 };

let backup: ProvedBackup;
beforeAll(async () => {
  backup = await makeProvedBackup();
});
afterAll(() => backup[Symbol.asyncDispose]());

async function follow(replica: LiveServer, master: LiveServer): Promise<void> {
  await replica.client.replicaof('127.0.0.1', master.server.port);
  await expectEqual(replica, master);
}

async function expectEqual(replica: LiveServer, master: LiveServer): Promise<void> {
  await vi.waitFor(async () => {
    expect(await replica.info('master_link_status')).toBe('up');
    expect(await fingerprint(replica.client)).toEqual(await fingerprint(master.client));
  }, SOON);
}

describe.each(['yes', 'no'])('a replica of the target, with repl-diskless-sync %s,', (diskless) => {
  test.each(['bgsave', 'replication'] as const)('follows a restore (%s)', async (source) => {
    await using live = await startLiveServer({ config: { 'repl-diskless-sync': diskless } });
    await using replica = await startLiveServer();
    await fillOld(live);
    await follow(replica, live);
    const syncs = await live.info('sync_full');
    let seen: string[] = [];
    const store = watched(backup.store, async (_, key) => {
      if (!key.startsWith(`pre-restore/${TARGET}/`) || seen.length > 0) return;
      seen = [await replica.info('master_link_status'), await live.info('sync_full')];
    });
    const { safetyBackupId } = await restoreInto(live, store, backup.state, {
      reference: backup.backupId,
      config: { source },
    });
    // While FalkorDB stands still it stays connected, and is not sent everything again.
    expect(seen).toEqual(['up', syncs]);
    const parts = parseBackupId(safetyBackupId ?? '');
    expect(parts && (await findManifest(backup.store, parts))).toMatchObject({ countsExact: true });
    await expectEqual(replica, live);
    expect(await fingerprint(replica.client)).toEqual(backup.contents);
    await expectFree(live, backup.state);

    await live.graph('g', 'CREATE (:Since)');
    await live.client.set('since', 'yes');
    await vi.waitFor(async () => expect(await replica.client.get('since')).toBe('yes'), SOON);
    await expectEqual(replica, live);
    expect(await replica.nodeCounts()).toEqual({ g: 1001 });
  });

  test('still follows after a restore that failed', async () => {
    await using live = await startLiveServer({ config: { 'repl-diskless-sync': diskless } });
    await using replica = await startLiveServer();
    await fillOld(live);
    await follow(replica, live);
    const syncs = await live.info('sync_full');
    const { backupId, stored } = manifestOf(await backUp(live, backup.store));
    const path = join(backup.root, stored.key);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
    const request = { unproven: true, withSafetyBackup: false };
    await expect(restoreInto(live, backup.store, backup.state, { reference: backupId, request })).rejects.toMatchObject(
      { code: 'integrity' },
    );
    await live.graph('g', 'CREATE (:Since)');
    await expectEqual(replica, live);
    expect(await replica.nodeCounts()).toEqual({ g: 201, gone: 1 });
    expect(await live.info('sync_full')).toBe(syncs);
  });
});
