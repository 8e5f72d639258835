import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import defaults from '../../agent/engine-defaults.json' with { type: 'json' };
import { atStartOnly, isAlias, isBoundToHost, toGraphValue } from '../../agent/setting-kinds.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { backUp, manifestOf, TARGET } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { redisCliWords } from '../support/redis-cli-words.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let store: FileStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
});
afterEach(() => folder[Symbol.asyncDispose]());

const showState = (...args: string[]) =>
  agentCommand(['show', '--state', ...args], {
    env: { FALKORDB_URL: 'redis://127.0.0.1:1', BACKUP_STORE: pathToFileURL(folder.path).href, BACKUP_TARGET: TARGET },
  });

const SETUP: [string, ...string[]][] = [
  ['ACL', 'SETUSER', 'reader', 'on', '>the-user-secret', '>second', '%R~cache:*', 'resetchannels', '&news', '+@read'],
  ['ACL', 'SETUSER', 'odd"\'\\é', 'nopass', '~a"b', "~c'd\\", '(~x +get)', '(%W~y &ch +set -config|get)'],
  ['ACL', 'SETUSER', 'gone', 'off', 'sanitize-payload'],
  ['CONFIG', 'SET', 'maxmemory', '123456789', 'maxmemory-policy', 'allkeys-lru', 'save', '900 1 300 10'],
  ['CONFIG', 'SET', 'slowlog-log-slower-than', '-1', 'slowlog-max-len', '1000', 'notify-keyspace-events', 'KEA'],
  ['CONFIG', 'SET', 'client-output-buffer-limit', 'replica 1mb 512kb 30', 'proc-title-template', '{title} "x" \\ é'],
  ['CONFIG', 'SET', 'masterauth', 'the-master-secret'],
  ['GRAPH.CONFIG', 'SET', 'TIMEOUT_MAX', '5000'],
  ['GRAPH.CONFIG', 'SET', 'TIMEOUT_DEFAULT', '4000'],
  ['GRAPH.CONFIG', 'SET', 'RESULTSET_SIZE', '777'],
  ['GRAPH.CONFIG', 'SET', 'DELAY_INDEXING', 'yes'],
];

async function serverWithState(): Promise<LiveServer> {
  const live = await startLiveServer({ password: 'the-server-secret', config: { 'io-threads': '2' } });
  for (const [command, ...args] of SETUP) await live.client.call(command, ...args);
  return live;
}

test('the printed commands bring users and settings back', async () => {
  await using live = await serverWithState();
  const manifest = manifestOf(await backUp(live, store));
  const { exitCode, json } = await showState('--json');
  expect(exitCode).toBe(0);
  expect(json).toMatchObject({
    backupId: manifest.backupId,
    acl: await live.client.call('ACL', 'LIST'),
    config: { maxmemory: '123456789', hz: '10' },
    graphConfig: { RESULTSET_SIZE: '777' },
    modules: expect.any(Array),
    omittedSecrets: ['masterauth', 'requirepass'],
    atStart: { config: { 'io-threads': '2', port: String(live.server.port) }, graphConfig: expect.any(Object) },
  });

  await using fresh = await startLiveServer();
  await fresh.client.call('ACL', 'SETUSER', 'reader', 'on', '>stale', '~*', '&*', '+@all');
  expect(await usersOf(fresh.client)).not.toEqual(await usersOf(live.client));
  for (const command of json.commands) {
    const [name = '', ...words] = redisCliWords(command);
    expect(await fresh.client.call(name, ...words), command).toBe('OK');
  }

  expect(await usersOf(fresh.client)).toEqual(await usersOf(live.client));
  expect(await settableOf(fresh.client)).toEqual(await settableOf(live.client));
  expect(await graphConfigOf(fresh.client)).toEqual(await graphConfigOf(live.client));
  const login = fresh.client.duplicate({
    username: 'reader',
    password: 'the-user-secret',
    lazyConnect: true,
    enableReadyCheck: false,
  });
  await login.connect();
  expect(await login.get('cache:nothing')).toBeNull();
  login.disconnect();
});

test('the text lists what there was, with no secret and without defaults', async () => {
  await using live = await serverWithState();
  await backUp(live, store);
  const { stdout } = await showState();
  expect(stdout).toMatch(/^USERS\nuser default on .*#[0-9a-f]{64}/m);
  expect(stdout).toMatch(/^maxmemory: +123456789$/m);
  expect(stdout).toMatch(/^TIMEOUT_MAX: +5000$/m);
  expect(stdout).toMatch(/^name graph ver 41603 path .*falkordb\.so args$/m);
  expect(stdout).toMatch(/^io-threads: +2$/m);
  expect(stdout).toMatch(/^requirepass: +the password of user default/m);
  expect(stdout).toMatch(/^CONFIG SET maxmemory 123456789$/m);
  expect(stdout).toMatch(/^ACL SETUSER default reset on [^\n]*$/m);
  expect(stdout).not.toMatch(/the-\w+-secret|^hz:|^CONFIG SET hz/m);
});

test('parts that the user of the backup could not read are null, and said to be unknown', async () => {
  await using live = await startLiveServer();
  const without = ['-acl', '-config', '-module', '-graph.config'];
  await live.client.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~*', '&*', '+@all', ...without);
  const address = { ...live.address, username: 'poor', password: 'pw' };
  await backUp({ address }, store, { config: { source: 'replication' } });
  const { json } = await showState('--json');
  expect(json).toMatchObject({ acl: null, config: null, graphConfig: null, modules: null, commands: [] });
  expect((await showState()).stdout.match(/Unknown: the user that made the backup/g)).toHaveLength(5);
});

test('a damaged state is not shown', async () => {
  await using live = await startLiveServer();
  const { state } = manifestOf(await backUp(live, store));
  const path = join(folder.path, state.key);
  await writeFile(path, (await readFile(path, 'utf8')).replace('noeviction', 'allkeysLRU'));
  const { exitCode, json } = await showState('--json');
  expect(exitCode).toBe(4);
  expect(json).toMatchObject({ status: 'failed', error: { code: 'integrity' } });
});

test('a server takes the settings that are called settable, and refuses the others', async () => {
  await using live = await startLiveServer();
  const refused: string[] = [];
  for (const [name, value] of await configOf(live.client)) {
    if (isAlias(name)) continue;
    await live.client.config('SET', name, value).catch(() => refused.push(name));
  }
  for (const [name, value] of Object.entries(await graphConfigOf(live.client))) {
    await live.client.call('GRAPH.CONFIG', 'SET', name, toGraphValue(name, value)).catch(() => refused.push(name));
  }
  const all = [...(await configOf(live.client)).keys(), ...Object.keys(await graphConfigOf(live.client))];
  expect(refused.toSorted()).toEqual(all.filter((name) => !isAlias(name) && atStartOnly(name)).toSorted());
});

test('the known defaults are those of a server without configuration', async () => {
  await using server = await startLiveServer({ config: { 'repl-diskless-sync-delay': '5' } });
  // What a throw-away server is given, and what depends on the host.
  const given = ['bind', 'dir', 'port', 'protected-mode', 'save'];
  const config = [...(await configOf(server.client))].filter(([name]) => !isAlias(name) && !given.includes(name));
  const known = Object.entries(defaults['redis 8.2']).filter(([name]) => !given.includes(name));
  expect(Object.fromEntries(config)).toEqual(Object.fromEntries(known));
  expect(await graphConfigOf(server.client)).toEqual({
    ...defaults['falkordb 4.16'],
    OMP_THREAD_COUNT: expect.any(String),
    THREAD_COUNT: expect.any(String),
  });
});

async function usersOf(client: Redis): Promise<unknown> {
  return client.call('ACL', 'LIST');
}

async function configOf(client: Redis): Promise<Map<string, string>> {
  const flat = (await client.config('GET', '*')) as string[];
  return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as const] : [])));
}

async function settableOf(client: Redis): Promise<Record<string, string>> {
  const secrets = ['requirepass', 'masterauth'];
  const isSettable = (name: string) => !atStartOnly(name) && !isBoundToHost(name) && !isAlias(name);
  return Object.fromEntries(
    [...(await configOf(client))].filter(([name]) => isSettable(name) && !secrets.includes(name)),
  );
}

async function graphConfigOf(client: Redis): Promise<Record<string, string>> {
  const pairs = (await client.call('GRAPH.CONFIG', 'GET', '*')) as [string, number][];
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]));
}
