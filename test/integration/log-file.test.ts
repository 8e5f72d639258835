import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentCommand } from '../support/agent-command.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { nextRunId } from '../support/backups.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const WRITER = new URL('../support/log-writer.ts', import.meta.url).pathname;

let live: LiveServer;
let folder: TemporaryFolder;
let logs: string;
let path: string;
let env: Record<string, string>;

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  await live.fill(100);
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  logs = join(folder.path, 'logs');
  await mkdir(logs);
  path = join(logs, 'backup.log');
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_SCRATCH_DIR: folder.path,
    BACKUP_LOG_FILE: path,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/tmp', '.cache'),
  };
});
afterEach(() => folder[Symbol.asyncDispose]());

const agent = (args: string[], more: Record<string, string> = {}, wrapper: string[] = []) =>
  agentCommand(args, { env: { ...env, ...more }, wrapper });
const linesOf = (log: string) => log.split('\n').filter((line) => line !== '');
const logged = async () => linesOf(await readFile(path, 'utf8'));

describe('the log of a command', () => {
  test.each([
    'backup --verify',
    'restore latest --force',
    'verify --all --load',
    'prune --apply',
    'execute version=1 action=backup target=falkordb tier=manual scheduled-for=2026-11-22T02:30:00Z',
    'execute version=1 action=restore target=falkordb backup=latest',
  ])('%s goes to the file as to stderr, with the run id in each line, once', async (words) => {
    const args = words.split(' ');
    if (args[0] !== 'backup') await agent(['backup'], { BACKUP_LOG_FILE: '' });
    const runId = nextRunId();
    const isRun = args[0] === 'backup' || args[0] === 'restore';
    const given = args[0] === 'execute' ? [`run-id=${runId}`] : isRun ? ['--run-id', runId] : [];
    // A bus that cannot be told gives the teller something to say.
    const { exitCode, stderr } = await agent([...args, ...given, '--json'], { BACKUP_EVENT_BUS: 'nowhere' });
    expect(exitCode).toBe(0);
    const lines = await logged();
    expect(lines).toEqual(linesOf(stderr));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(JSON.parse(line).runId).toBe(given.length > 0 ? runId : JSON.parse(lines[0] ?? '').runId);
      expect(line.match(/"runId":/g)).toHaveLength(1);
    }
    const ids = await readdir(join(folder.path, 'store', 'runs', 'falkordb'));
    if (!args.includes('--all')) expect(ids).toContain(JSON.parse(lines[0] ?? '').runId);
  });

  test('has the error that ended it as its last line, with what to do', async () => {
    const { exitCode, json } = await agent(['backup', '--json'], { FALKORDB_URL: 'redis://127.0.0.1:1' });
    expect(exitCode).toBe(6);
    const { code, hint, message } = json.error;
    expect(JSON.parse((await logged()).at(-1) ?? '')).toMatchObject({
      level: 'error',
      msg: message,
      err: { code, hint },
    });
  });

  test('is for people on a terminal, and JSON lines in the file all the same', async () => {
    const command = `"${process.execPath}" agent/main.ts backup --url redis://127.0.0.1:1; "${process.execPath}" agent/main.ts backup`;
    const { stdout } = await execa('script', ['-qec', command, '/dev/null'], { env, stdin: 'ignore' });
    expect(stdout).toContain('Committed the manifest');
    expect(stdout).not.toMatch(/"msg"|runId/);
    expect(stdout.match(/cannot be reached/g)).toHaveLength(1);
    const lines = (await logged()).map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: 'error', err: { code: 'database-unreachable' } });
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: expect.stringContaining('Committed the manifest') });
  });

  test('is as quiet as BACKUP_LOG_LEVEL says', async () => {
    expect(await agent(['backup'], { BACKUP_LOG_LEVEL: 'warn' })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await logged()).toEqual([]);
  });
});

describe('the log file', () => {
  test('is put aside at its size', async () => {
    const full = `${'x'.repeat(999_989)}\n`;
    await writeFile(path, full);
    await agent(['backup'], { BACKUP_LOG_FILE_MAX_MB: '1' });
    const [current = '', aside = '', ...others] = (await readdir(logs)).toSorted();
    expect([current, others]).toEqual(['backup.log', []]);
    expect(await readFile(join(logs, aside), 'utf8')).toBe(full);
    for (const line of await logged()) expect(JSON.parse(line)).toHaveProperty('runId');
    expect((await stat(path)).size).toBeGreaterThan(100);
  });

  test('that several processes put aside in each other’s way loses no line', async () => {
    const count = 2000;
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => startWriter(name, { count }).ended));
    const read = await allLines();
    for (const name of names) expect(read.get(name)?.size).toBe(count);
    expect((await readdir(logs)).length).toBeGreaterThan(20);
  });

  test('has every line of a process that was killed, and the others go on', async () => {
    const other = startWriter('other', { count: 3000 });
    const acknowledged: number[] = [];
    for (let round = 0; round < 5; round++) {
      const writer = startWriter(`killed-${round}`, {});
      await writer.hasWritten(200 + 37 * round);
      writer.kill();
      acknowledged.push(await writer.ended);
    }
    expect(await other.ended).toBe(3000);
    // Only now: who reads what is being written may see half a line, or a file twice that is put aside meanwhile.
    const lines = await allLines();
    expect(lines.get('other')?.size).toBe(3000);
    for (const [round, count] of acknowledged.entries()) {
      expect(count).toBeGreaterThanOrEqual(200);
      const there = lines.get(`killed-${round}`) ?? new Set();
      for (let line = 0; line < count; line++) expect(there).toContain(line);
    }
  });

  test('goes on after an agent that was killed in the middle of a backup', async () => {
    await live.setSaveDelay(20_000);
    await using killed = await startAgentProcess(['backup', '--source', 'bgsave'], env);
    await saveChild(live);
    killed.process.kill('SIGKILL');
    await killed.ended;
    await live.setSaveDelay(0);
    const before = await logged();
    expect(before.join('\n')).toContain('Took the inventory');
    const { exitCode } = await agent(['backup']);
    expect(exitCode).toBe(0);
    const lines = await logged();
    expect(lines.slice(0, before.length)).toEqual(before);
    expect(new Set(lines.map((line) => JSON.parse(line).runId)).size).toBe(2);
  });

  test('on a full disk costs lines and no backup, and that is said once', async () => {
    const mount = 'mount -t tmpfs -o size=64k tmpfs "$1"; touch "$1/backup.log"; cat /dev/zero > "$1/full" || true';
    const wrapper = ['unshare', '-Urm', 'sh', '-ec', `{ ${mount}; } 2>&-; shift; exec "$@"`, 'sh', logs];
    const { exitCode, stderr } = await agent(['backup'], {}, wrapper);
    expect(exitCode).toBe(0);
    const complaints = linesOf(stderr).filter((line) => line.includes('The log file cannot be written'));
    expect(complaints).toHaveLength(1);
    expect(JSON.parse(complaints[0] ?? '')).toMatchObject({ level: 'warn', path, err: { code: 'ENOSPC' } });
  });

  test('that is a mount of its own grows, which is said once, until it can be put aside', async () => {
    const script = `
      import { spawnSync } from 'node:child_process';
      import { RotatingFile } from ${JSON.stringify(pathToFileURL('agent/logging/rotating-file.ts').href)};
      const path = ${JSON.stringify(path)};
      let elapsedMs = 0;
      const failed = [];
      const note = (what, { code }) => failed.push(what + ' ' + code);
      const file = new RotatingFile({ path, maxBytes: 100, kept: 5 }, note, () => elapsedMs);
      const write = (count) => Array.from({ length: count }, () => file.write('x'.repeat(39) + '\\n'));
      write(10);
      elapsedMs = 60_000;
      write(10);
      if (spawnSync('umount', ['--lazy', path]).status !== 0) throw new Error('not unmounted');
      elapsedMs = 119_999;
      write(1);
      elapsedMs = 120_000;
      write(1);
      process.stdout.write(failed.join());`;
    const mount = 'touch "$1"; mount --bind "$1" "$1"; shift; exec "$@"';
    const command = [process.execPath, '--input-type=module', '-e', script];
    const { stdout } = await execa('unshare', ['-Urm', 'sh', '-ec', mount, 'sh', path, ...command]);
    expect(stdout).toBe('put aside EBUSY');
    const sizes = (await readdir(logs)).toSorted().map(async (name) => (await stat(join(logs, name))).size);
    expect(await Promise.all(sizes)).toEqual([40, 21 * 40]);
  });

  test('that cannot be opened costs no backup, and that is said once', async () => {
    const missing = join(logs, 'missing', 'backup.log');
    const { exitCode, stderr } = await agent(['backup', '--log-file', missing]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('Committed the manifest');
    const complaints = linesOf(stderr).filter((line) => line.includes('The log file cannot be written'));
    expect(complaints).toHaveLength(1);
    expect(JSON.parse(complaints[0] ?? '')).toMatchObject({ level: 'warn', path: missing, err: { code: 'ENOENT' } });
  });

  test('that is no file is said at once, though there is nothing to log', async () => {
    await execa('mkfifo', [path]);
    const { exitCode, stderr } = await agent(['list']);
    expect(exitCode).toBe(0);
    const [complaint = '', ...others] = linesOf(stderr);
    expect(others).toEqual([]);
    expect(JSON.parse(complaint)).toMatchObject({ level: 'warn', path, err: { message: `${path} is no file.` } });
  });
});

interface Writer {
  /** Fulfilled with how many lines it has written by its own account. */
  ended: Promise<number>;
  hasWritten(lines: number): Promise<void>;
  kill(): void;
}

function startWriter(name: string, { count }: { count?: number }): Writer {
  const args = [WRITER, path, name, '20000', ...(count === undefined ? [] : [String(count)])];
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = text(writer.stdout);
  let seen = '';
  writer.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  return {
    ended: Promise.all([once(writer, 'close'), output]).then(([, acknowledged]) => linesOf(acknowledged).length),
    hasWritten: async (lines) => {
      while (linesOf(seen).length < lines) await once(writer.stdout, 'data');
    },
    kill: () => void writer.kill('SIGKILL'),
  };
}

/** The numbers of the lines that each writer's name is in. @throws where one is cut, or there twice */
async function allLines(): Promise<Map<string, Set<number>>> {
  const read = new Map<string, Set<number>>();
  for (const file of await readdir(logs)) {
    for (const whole of linesOf(await readFile(join(logs, file), 'utf8'))) {
      const { name, line } = JSON.parse(whole);
      const lines = read.get(name) ?? new Set();
      expect(lines).not.toContain(line);
      read.set(name, lines.add(line));
    }
  }
  return read;
}
