import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { resolveEngine } from '../../agent/falkordb/engine.ts';
import { type ScratchServer, startScratch } from '../../agent/falkordb/scratch.ts';
import { eventually } from '../support/eventually.ts';
import { spoiledDump, unendingDump } from '../support/spoiled-backups.ts';

const SCRATCH_MODULE = new URL('../../agent/falkordb/scratch.ts', import.meta.url).href;

// The space: no step of the way may take a path apart.
let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'scratch test '));
  vi.stubEnv('TMPDIR', parent);
  // The first time on a machine with an old glibc, this downloads.
  await resolveEngine();
}, 120_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(parent, { recursive: true });
});

async function connect(server: ScratchServer) {
  const client = new Redis(server.url, { retryStrategy: null });
  client.on('error', () => {});
  await client.ping();
  return { client, [Symbol.dispose]: () => client.disconnect() };
}

/** A process that has ended but has not been reaped yet counts as gone. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) Z /.test(status);
}

/** Processes, of whatever kind, that mention the folder in their arguments. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,args=', '-ww']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

describe('a throw-away FalkorDB', () => {
  test('answers graph queries and leaves nothing behind when it is stopped', async () => {
    const server = await startScratch();
    using session = await connect(server);
    await session.client.call('GRAPH.QUERY', 'g', 'CREATE (:Person {name: "Ada"})');
    const reply = await session.client.call('GRAPH.QUERY', 'g', 'MATCH (p:Person) RETURN p.name');
    expect(JSON.stringify(reply)).toContain('Ada');
    expect(await isAlive(server.pid)).toBe(true);
    expect(await processesOf(parent)).not.toEqual([]);

    await server.stop();
    expect(await isAlive(server.pid)).toBe(false);
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
    await server.stop();
  });

  test('saves nothing by default, and what its configuration says otherwise', async () => {
    await using plain = await startScratch();
    await using saving = await startScratch({ config: { save: '3600 1 60 10', 'hash-max-listpack-entries': '7' } });
    using one = await connect(plain);
    using other = await connect(saving);
    const settings = async (client: Redis) => Object.values((await client.config('GET', 'save')) as object).at(-1);
    expect(await settings(one.client)).toBe('');
    expect(await settings(other.client)).toBe('3600 1 60 10');
  });

  test('several run at once, and one ends without the others', async () => {
    const servers = await Promise.all([startScratch(), startScratch(), startScratch()]);
    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
    const [first, ...others] = servers;
    await first?.stop();
    for (const server of others) {
      using session = await connect(server);
      expect(await session.client.ping()).toBe('PONG');
    }
    await Promise.all(others.map((server) => server.stop()));
    expect(await readdir(parent)).toEqual([]);
  });

  test('asks for the password, which no process shows in its arguments', async () => {
    const password = 'p "quoted" \\ $HOME é/@:';
    await using server = await startScratch({ password });
    using session = await connect(server);
    expect(await session.client.ping()).toBe('PONG');

    const stranger = new Redis(server.port, server.host, { retryStrategy: null, enableReadyCheck: false });
    stranger.on('error', () => {});
    await expect(stranger.get('key')).rejects.toThrow(/NOAUTH|closed/);
    stranger.disconnect();

    expect(await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain('quoted');
    expect((await processesOf(parent)).join()).not.toContain('quoted');
  });

  test('without the module it is a plain Redis', async () => {
    await using server = await startScratch({ module: false });
    using session = await connect(server);
    await expect(session.client.call('GRAPH.LIST')).rejects.toThrow('unknown command');
  });

  test('keeps a folder it was given, and the data in it', async () => {
    const folder = join(parent, 'kept data');
    await mkdir(folder);
    {
      await using server = await startScratch({ folder });
      using session = await connect(server);
      await session.client.set('key', 'value');
      await session.client.save();
    }
    expect(await readdir(folder)).toEqual(['dump.rdb']);
    {
      await using server = await startScratch({ folder });
      using session = await connect(server);
      expect(await session.client.get('key')).toBe('value');
      expect(server.folder).toBe(folder);
    }
    await rm(folder, { recursive: true });
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('a start that fails', () => {
  test('shows the last lines of the log of the server', async () => {
    const start = startScratch({ config: { 'no-such-directive': 'x' } });
    await expect(start).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringMatching(/ended by itself[\s\S]+no-such-directive/),
    });
    expect(await readdir(parent)).toEqual([]);
  });

  test('says so when the data cannot be loaded', async () => {
    const folder = join(parent, 'bad');
    await mkdir(folder);
    await writeFile(join(folder, 'dump.rdb'), 'REDIS0011 this is no dump');
    await expect(startScratch({ folder })).rejects.toThrow(/RDB/);
    await rm(folder, { recursive: true });
  });

  test('does not wait for a server that hangs in its own crash report', async () => {
    const folder = join(parent, 'crashing');
    await mkdir(folder);
    await writeFile(join(folder, 'dump.rdb'), await spoiledDump('crash'));
    // Its test of memory after a crash hangs here, or takes very long.
    const start = startScratch({ folder, dataName: 'backup b', config: { 'crash-memcheck-enabled': 'yes' } });
    await expect(start).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/cannot load backup b: it (crashed|ended by itself)\.[\s\S]*crashed by signal/),
    });
    await rm(folder, { recursive: true });
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
  }, 30_000);

  test('does not wait for a server that never ends its look at a file that it cannot load', async () => {
    const folder = join(parent, 'unending');
    await mkdir(folder);
    await writeFile(join(folder, 'dump.rdb'), await unendingDump());
    await expect(startScratch({ folder, dataName: 'backup b' })).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/cannot load backup b: it gave up\.[\s\S]*Internal error in RDB/),
    });
    await rm(folder, { recursive: true });
    expect(await processesOf(parent)).toEqual([]);
  }, 30_000);

  test('ends at once when its caller wants so', async () => {
    const reason = new Error('stopped by a person');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 20);
    await expect(startScratch({ signal: stop.signal, readyTimeoutMs: 60_000 })).rejects.toBe(reason);
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
  });

  test('gives up after the time it was given, and ends the server', async () => {
    await expect(startScratch({ readyTimeoutMs: 0 })).rejects.toThrow('not ready after 0 ms');
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('a server that freezes while it starts or loads', () => {
  // At 30 looks, one every 50 ms. The load is slow, so that there is time to stop it, but faster than that.
  const frozenAfterMs = 1_500;
  const KEYS = 20;
  let folder: string;

  beforeAll(async () => {
    folder = join(parent, 'to load');
    await mkdir(folder);
    await using server = await startScratch({ folder });
    using session = await connect(server);
    await session.client.call('GRAPH.QUERY', 'g', 'CREATE (:Person {name: "Ada"})');
    for (let key = 0; key < KEYS; key++) await session.client.set(`key${key}`, 'value');
    await session.client.save();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function expectNothingButTheData(): Promise<void> {
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual(['to load']);
    expect(await readdir(folder)).toEqual(['dump.rdb']);
  }

  /** Stops the first server that turns up. */
  async function stopFirstServer(): Promise<number> {
    return await eventually(async () => {
      const [home = ''] = (await readdir(parent)).filter((name) => name.startsWith('falkordb-scratch-'));
      const log = await readFile(join(parent, home, 'server.log'), 'utf8');
      const pid = Number(/Redis version=.* pid=(\d+)/.exec(log)?.[1]);
      expect(pid).toBeGreaterThan(1);
      process.kill(pid, 'SIGSTOP');
      return pid;
    });
  }

  test('is replaced, and the next one has loaded the same folder', async () => {
    const messages: string[] = [];
    const start = startScratch({
      folder,
      dataName: 'backup b',
      frozenAfterMs,
      config: { 'key-load-delay': '20000' },
      log: (message) => messages.push(message),
    });
    const [server, stopped] = await Promise.all([start, stopFirstServer()]);
    expect(messages).toEqual([
      `The throw-away server (process ${stopped}) froze while loading backup b: starting another one`,
    ]);
    expect(await isAlive(stopped)).toBe(false);
    expect(server.pid).not.toBe(stopped);
    using session = await connect(server);
    expect(await session.client.dbsize()).toBe(KEYS + 1);
    await server.stop();
    await expectNothingButTheData();
  });

  test('is replaced twice at most, and the error does not blame what it loads', async () => {
    const messages: string[] = [];
    const start = startScratch({
      folder,
      dataName: 'backup b',
      frozenAfterMs: 300,
      // Asleep for a minute before each key: to the system it looks as one does that waits for a lock for good.
      config: { 'key-load-delay': '60000000' },
      log: (message) => messages.push(message),
    });
    await expect(start).rejects.toMatchObject({
      code: 'database-failed',
      message: expect.stringContaining('FalkorDB froze 3 times while loading backup b'),
      hint: expect.stringContaining('says nothing about the backup'),
      retryable: true,
    });
    expect(messages).toHaveLength(2);
    await expectNothingButTheData();
  });

  test('is not one that is at work for longer than that', async () => {
    const busy = join(parent, 'busy');
    await mkdir(busy);
    {
      await using server = await startScratch({ folder: busy });
      using session = await connect(server);
      await session.client.eval("for i = 1, 500000 do redis.call('SET', i, i) end", 0);
      await session.client.save();
    }
    const log = vi.fn();
    const started = performance.now();
    const server = await startScratch({ folder: busy, frozenAfterMs: 200, log });
    expect(performance.now() - started).toBeGreaterThan(300);
    expect(log).not.toHaveBeenCalled();
    await server.stop();
    await rm(busy, { recursive: true });
    await expectNothingButTheData();
  });

  test('is waited for where its process may be out of sight, in a container', async () => {
    const engine = { ...(await resolveEngine()), isContainer: true };
    const config = { 'key-load-delay': '60000000' };
    const start = startScratch({ engine, folder, config, frozenAfterMs: 100, readyTimeoutMs: 1_000 });
    await expect(start).rejects.toMatchObject({ code: 'deadline' });
    await expectNothingButTheData();
  });
});

describe('however it ends', () => {
  test('a server that ends by itself takes its temporary files and its supervisor with it', async () => {
    const server = await startScratch();
    using session = await connect(server);
    await session.client.call('SHUTDOWN', 'NOSAVE').catch(() => {});
    await server.ended;
    expect(await processesOf(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
    await server.stop();
  });

  test('so does one that is killed', async () => {
    const server = await startScratch();
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    expect(await readdir(parent)).toEqual([]);
  });

  test('one that is frozen is not taken for ended, and can be stopped', async () => {
    const server = await startScratch();
    process.kill(server.pid, 'SIGSTOP');
    await eventually(async () => expect(await readFile(`/proc/${server.pid}/stat`, 'utf8')).toMatch(/\) T /));
    expect(existsSync(server.folder)).toBe(true);
    await server.stop();
    expect(await isAlive(server.pid)).toBe(false);
  });

  test.each(['idle', 'saving', 'frozen'])('nothing is left of an owner killed with -9 (server: %s)', async (state) => {
    const script = `
      const { startScratch } = await import(${JSON.stringify(SCRATCH_MODULE)});
      const servers = await Promise.all([startScratch({ config: { 'rdb-key-save-delay': '100000' } }), startScratch()]);
      console.log(JSON.stringify(servers.map(({ pid, folder, url }) => ({ pid, folder, url }))));`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
    const servers = JSON.parse(line) as ScratchServer[];
    const [first] = servers;
    if (first === undefined) throw new Error('the owner started no server');
    const forks: number[] = [];
    if (state === 'saving') {
      using session = await connect(first);
      for (let key = 0; key < 1000; key++) await session.client.set(`key${key}`, 'value');
      await session.client.bgsave();
      const { stdout } = await execa('ps', ['-o', 'pid=', '--ppid', String(first.pid)]);
      forks.push(...stdout.trim().split(/\s+/).map(Number));
      expect(await isAlive(forks[0] ?? 0)).toBe(true);
    }
    if (state === 'frozen') process.kill(first.pid, 'SIGSTOP');
    expect(servers.every(({ folder }) => existsSync(folder))).toBe(true);

    owner.kill('SIGKILL');

    await eventually(async () => {
      for (const pid of [...servers.map((server) => server.pid), ...forks]) expect(await isAlive(pid)).toBe(false);
      expect(await processesOf(parent)).toEqual([]);
      expect(await readdir(parent)).toEqual([]);
    });
  });
});
