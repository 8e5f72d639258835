import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { fill, GRAPH_KINDS } from '../../bench/graphs/fill.ts';
import { fitLine, percentile, summarize } from '../../bench/observe/statistics.ts';
import type { Report } from '../../bench/report/report.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { startLiveServer } from '../support/live-server.ts';
import { missingCephCommands } from '../support/s3/ceph-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasGateway = process.env.S3_TEST_ENDPOINT !== undefined || (await missingCephCommands()).length === 0;

/** The bench as one starts it, on a graph of 1 MB. What it measures there means nothing: nothing here depends on it. */
async function runBench(parts: string, ...args: string[]): Promise<{ report: Report; markdown: string; left: string }> {
  await using folder = await temporaryFolder();
  const json = join(folder.path, 'report.json');
  const markdown = join(folder.path, 'report.md');
  const sizes = ['--size', 'tiny', '--runs', '1', '--graphs', 'property', '--only', parts];
  await execa(process.execPath, [
    'bench/main.ts',
    ...sizes,
    ...args,
    ...['--folder', folder.path, '--json', json, '--markdown', markdown],
  ]);
  const { stdout: left } = await execa('ls', [folder.path]);
  return {
    report: JSON.parse(await readFile(json, 'utf8')),
    markdown: await readFile(markdown, 'utf8'),
    left,
  };
}

function contendersOf({ series }: Report, part: string, table: RegExp): string[] {
  return series.filter((found) => found.part === part && table.test(found.table)).map(({ contender }) => contender);
}

function metricsOf({ series }: Report, part: string, contender: string) {
  return series.find((found) => found.part === part && found.contender === contender)?.runs[0] ?? {};
}

describe('bench', () => {
  // Both mostly wait for what they start.
  it.concurrent('measures backup, disturbance and the questions, and leaves nothing behind', async () => {
    const { report, markdown, left } = await runBench('backup,disturbance,questions', '--seed', '7');
    expect(report.failures).toEqual([]);
    expect(left.split('\n')).toEqual(['report.json', 'report.md']);
    expect(report.options).toMatchObject({ size: 'tiny', runs: 1, seed: 7 });
    expect(report.machine).toMatchObject({ cores: expect.any(Number), versions: { node: process.version } });
    expect(report.graphs).toMatchObject([{ name: 'property' }]);

    const folder = contendersOf(report, 'backup', /folder/);
    expect(folder).toEqual(
      expect.arrayContaining(['BGSAVE alone', 'BGSAVE, cp, sync', 'ours, bgsave', 'ours, replication']),
    );
    expect(contendersOf(report, 'backup', /gateway/).includes('ours, bgsave')).toBe(hasGateway);
    // What this machine does not have is said, not left out.
    for (const program of ['restic', 'redis-cli']) {
      const named = [...folder, ...report.absent.map(({ contender }) => contender)];
      expect(named.some((name) => name.includes(program))).toBe(true);
    }
    const [graph] = report.graphs;
    const ours = metricsOf(report, 'backup', 'ours, bgsave');
    expect(ours.rdbBytes).toBeGreaterThan(500_000);
    expect(ours.rdbBytes).toBeLessThan(2_000_000);
    expect(ours.storedBytes).toBeLessThan(ours.rdbBytes ?? 0);
    expect(metricsOf(report, 'backup', 'BGSAVE, cp, sync').storedBytes).toBeGreaterThan((graph?.dumpBytes ?? 0) / 2);
    // Node alone takes some 40 MB and some 30 ms of CPU.
    expect(ours.peakBytes).toBeGreaterThan(40e6);
    expect(ours.cpuSeconds).toBeGreaterThan(0);
    expect(ours.serverPeakBytes).toBeGreaterThan(10e6);

    expect(contendersOf(report, 'disturbance', /one write in five.*: writes$/)).toEqual([
      'nothing else',
      'BGSAVE alone',
      'ours, bgsave',
      'ours, replication',
    ]);
    expect(contendersOf(report, 'disturbance', /reads only.*: reads$/)).toEqual(['nothing else', 'ours, restore']);
    const undisturbed = metricsOf(report, 'disturbance', 'nothing else');
    expect(undisturbed.failed).toBe(0);
    expect(undisturbed.perSecond).toBeGreaterThan(0);
    expect(undisturbed.p99Ms).toBeGreaterThanOrEqual(undisturbed.p50Ms ?? Number.NaN);

    expect(contendersOf(report, 'questions', /zstd level/)).toEqual(['zstd level 1', 'zstd level 9']);
    expect(contendersOf(report, 'questions', /rdbcompression/)).toEqual(['rdbcompression yes', 'rdbcompression no']);
    expect(metricsOf(report, 'questions', 'rdbcompression no').rdbBytes).toBeGreaterThan(
      metricsOf(report, 'questions', 'rdbcompression yes').rdbBytes ?? Number.NaN,
    );
    for (const { table } of report.series) expect(markdown).toContain(table);
  });

  it.concurrent('measures restore and growth', async () => {
    const { report, markdown } = await runBench('restore,growth');
    expect(report.failures).toEqual([]);
    const restores = ['ours, a proved backup', 'ours, a proved backup --no-safety-backup', 'ours, an unproved backup'];
    expect(contendersOf(report, 'restore', /folder/)).toEqual(expect.arrayContaining(restores));
    expect(metricsOf(report, 'restore', 'ours, an unproved backup').proofPeakBytes).toBeGreaterThan(10e6);
    expect(metricsOf(report, 'restore', 'ours, a proved backup').proofPeakBytes).toBeUndefined();

    const lines = report.growth.map(({ table, contender, metric }) => `${table} | ${contender} | ${metric}`);
    expect(lines).toEqual(
      expect.arrayContaining([
        'property, folder | backup, bgsave | storedBytes',
        'property, folder | backup, replication | peakBytes',
        'property, folder | restore, proved | seconds',
        'catalog, folder | list | seconds',
        'catalog, folder | prune --apply | seconds',
      ]),
    );
    const stored = report.growth.find(({ metric }) => metric === 'storedBytes');
    expect(stored?.points).toHaveLength(2);
    expect(stored?.line?.slope).toBeGreaterThan(0);
    expect(markdown).toContain('as a line');
  });

  it.each(GRAPH_KINDS)('makes the same $name graph from the same seed, and another one from another', async (kind) => {
    await using live = await startLiveServer();
    using db = await Database.connect(live.address);
    const { signal } = new AbortController();
    const made: string[] = [];
    for (const seed of [1, 1, 2]) {
      await live.client.flushall();
      await fill(db, kind, { to: 2, seed, signal });
      const { sha256, graphs } = await fingerprint(live.client);
      expect(graphs.bench?.[1]).toBeGreaterThan(0);
      made.push(sha256);
    }
    expect(made[1]).toBe(made[0]);
    expect(made[2]).not.toBe(made[0]);
  });

  it('sums runs up', () => {
    expect(summarize([5, 1, 100, 2])).toEqual({ median: 3.5, min: 1, max: 100, mad: 2, count: 4 });
    expect(() => summarize([])).toThrow(RangeError);
    const falling = Array.from({ length: 999 }, (_, index) => 999 - index);
    expect([0.5, 0.99, 0.999, 1].map((share) => percentile(falling, share))).toEqual([500, 990, 999, 999]);
    expect(percentile([], 0.99)).toBe(0);
    expect(
      fitLine([
        [1, 5],
        [2, 7],
        [3, 9],
      ]),
    ).toEqual({ slope: 2, intercept: 3, rSquared: 1 });
    expect(fitLine([[1, 5]])).toBeUndefined();
  });
});
