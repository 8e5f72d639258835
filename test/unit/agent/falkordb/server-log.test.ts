import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ServerLog, UnloadableError } from '../../../../agent/falkordb/server-log.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const START = [
  '7:C 23 Nov 2026 * Redis version=8.2.3, bits=64',
  '7:M 23 Nov 2026 * <graph> Starting up FalkorDB version 4.16.3.',
  '7:M 23 Nov 2026 * Server initialized',
];
const LOADING = '7:M 23 Nov 2026 * Loading RDB produced by version 8.2.3';

async function read(...lines: string[]): Promise<ServerLog> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'server.log');
  writeFileSync(path, `${lines.join('\n')}\n`);
  const descriptor = openSync(path, 'r');
  try {
    return ServerLog.read(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const explain = async (...lines: string[]) =>
  (await read(...START, ...lines)).explain('it ended by itself', 'backup b');

describe('the log of a server that is not there', () => {
  it.each([
    ['7:M # Fatal error loading the DB, check server logs. Exiting.'],
    ['7:M # Short read or OOM loading DB. Unrecoverable error, aborting now.'],
    ['7:M # Internal error in RDB reading offset 0, function at rdb.c:419 -> Invalid LZF compressed string'],
    ['7:M # Terminating server after rdb file reading failure.'],
    [
      "7:M # The RDB file contains module data for the module type 'graphdata', that the responsible module is not able to load.",
    ],
    ['7:M # Redis 8.2.3 crashed by signal: 11, si_code: 1'],
    ['=== ASSERTION FAILED ==='],
    ['7:M # Out Of Memory allocating 1000000000000000 bytes!'],
  ])('blames the backup where it gave up loading it: %s', async (line) => {
    const error = await explain(LOADING, line);
    expect(error).toBeInstanceOf(UnloadableError);
    expect(error).toMatchObject({
      code: 'integrity',
      engine: { redis: '8.2.3', falkordb: '4.16.3' },
      message: expect.stringMatching(/^FalkorDB 4\.16\.3 on Redis 8\.2\.3 cannot load backup b: it ended by itself\./),
      hint: expect.any(String),
    });
    expect(error.message.endsWith(line)).toBe(true);
  });

  it.each([
    ['it vanished without a word', [LOADING], 'database-failed'],
    [
      'it was asked to end',
      [LOADING, '7:signal-handler (1) Received SIGTERM scheduling shutdown...'],
      'database-failed',
    ],
    [
      'it found no memory',
      [LOADING, '7:M # Out Of Memory allocating 5 bytes!', '7:M # Redis crashed by signal: 6'],
      'no-room',
    ],
    ['it never began to load', ['*** FATAL CONFIG FILE ERROR ***'], 'engine-missing'],
    ['it crashed before it began', ['7:M # Redis 8.2.3 crashed by signal: 11'], 'engine-missing'],
    [
      'its Redis is too old',
      ["7:M # Can't handle RDB format version 80", '7:M # Fatal error loading the DB'],
      'engine-missing',
    ],
    [
      'it lacks a module',
      [
        LOADING,
        "7:M # The RDB file contains module data I can't load: no matching module type 'ReJSON-RL'",
        '7:M # Terminating',
      ],
      'engine-missing',
    ],
    [
      'its FalkorDB is too old',
      [LOADING, 'Graph version (19) is not forward compatible.', '7:M # Terminating'],
      'engine-missing',
    ],
  ])('does not where %s', async (_, lines, code) => {
    const error = await explain(...lines);
    expect(error).not.toBeInstanceOf(UnloadableError);
    expect(error).toMatchObject({ code, hint: expect.any(String) });
    expect(error.message).toContain(lines.at(-1));
  });

  it('shows what led to a crash, and not the stack', async () => {
    const error = await explain(LOADING, '7:M # crashed by signal: 11', '------ STACK TRACE ------', 'EIP:', 'frames');
    expect(error.message).toMatch(/crashed by signal: 11$/);
  });

  it('is read at both ends where it is long', async () => {
    const log = await read(
      ...START,
      LOADING,
      ...Array<string>(60_000).fill('7:M * nothing of note happened here'),
      'crashed by signal',
    );
    expect(log.engine).toEqual({ redis: '8.2.3', falkordb: '4.16.3' });
    expect(log.hasCrashed).toBe(true);
    expect(log.explain('it ended', 'b').code).toBe('integrity');
  });
});
