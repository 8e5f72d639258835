import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { reportCommand } from '../../agent/metrics/report-command.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { PROMTOOL_MISSING, promtool } from '../support/promtool.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RULES = 'examples/prometheus/falkordb-backup.rules.yml';

describe.skipIf(PROMTOOL_MISSING)("Prometheus' own checker", () => {
  it('takes the metrics file, and has nothing to say against a name', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'falkordb-backup.prom');
    const store = new MemoryStore();
    await storeBackup(store, 'shop', 'daily', new Date('2026-11-22T02:30:00Z'));
    const now = () => new Date('2026-11-22T12:00:00Z');
    const { signal } = new AbortController();
    const log = pino({ level: 'silent' });
    await reportCommand(path, { verb: 'backup', exitCode: 0 }, { target: 'shop', store, now, log, signal });
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^falkordb_backup_last_success_timestamp_seconds\{.*"daily"\} \d+$/m);
    expect(await promtool(['check', 'metrics'], text)).toEqual({ exitCode: 0, all: '' });
    const wrong = text.replaceAll('_store_bytes', '_store_megabytes_total');
    expect((await promtool(['check', 'metrics'], wrong)).all).toContain('non-counter metrics should not have "_total"');
  });

  it('takes the alert rules', async () => {
    const { exitCode, all } = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', RULES]);
    expect(all).toMatch(/SUCCESS: \d+ rules found/);
    expect(exitCode).toBe(0);
  });

  it('finds that the alerts fire when they should, and not before', async () => {
    const { exitCode, all } = await promtool(['test', 'rules', 'test/support/prometheus/falkordb-backup.test.yml']);
    expect(all).toContain('SUCCESS');
    expect(exitCode).toBe(0);
  });
});
