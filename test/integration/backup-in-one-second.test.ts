import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runCommandLine } from '../../agent/cli/program.ts';
import { startLiveServer } from '../support/live-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BEGIN = Date.parse('2026-11-22T02:30:00.100Z');

test('two backups that are asked for within one second are two, each with what there was', async () => {
  await using live = await startLiveServer();
  await using folder = await temporaryFolder();
  const env = { FALKORDB_URL: live.server.url, BACKUP_STORE: pathToFileURL(folder.path).href };
  /** By a clock that says the same whenever it begins. */
  const backUp = async () => {
    const [stdout, begun] = [new PassThrough(), Date.now()];
    const cli = {
      ...{ program: 'falkordb-backup', env, stdin: Readable.from([]), stdout, stderr: new PassThrough().resume() },
      now: () => new Date(BEGIN + Date.now() - begun),
      signal: new AbortController().signal,
      exitCode: 0,
    };
    await runCommandLine(['backup', '--json'], cli);
    stdout.end();
    return JSON.parse(await text(stdout));
  };
  await live.graph('g', 'CREATE (:Node)');
  const first = await backUp();
  await live.graph('g', 'CREATE (:Node)');
  const second = await backUp();
  const seen = [first, second].map(({ backupId, graphs }) => [backupId, graphs[0].nodes]);
  expect(seen).toEqual([
    ['20261122T023000Z-falkordb-manual', 1],
    ['20261122T023001Z-falkordb-manual', 2],
  ]);
});
