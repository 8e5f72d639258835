import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { recordRequested } from '../../core/catalog/runs.ts';
import { newRunId } from '../../core/model/run-id.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { pausable } from '../support/pausable-store.ts';
import { ServedTargets, servedTarget } from '../support/served-targets.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
let folder: TemporaryFolder;
let root: string;
let store: ObjectStore;
let backupId: string;
let service: ServedTargets;
let dashboard: Dashboard;

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  folder = await temporaryFolder();
  root = join(folder.path, 'store');
  store = openStore(pathToFileURL(root).href);
  ({ backupId } = manifestOf(await backUp(live, store)));
});

beforeEach(async () => {
  service = new ServedTargets([servedTarget(live, store, { stateFolder: folder.path })]);
  dashboard = await startDashboard(service);
});

afterEach(async () => {
  await dashboard.close();
});

afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const nowhere = () => ({ ...live.address, port: 1 });
const target = async (of = dashboard) => (await of.ask('/api/v1/targets')).json.targets[0];

describe('a database', () => {
  test('that is not there is shown as down', async () => {
    await using own = await startDashboard(new ServedTargets([servedTarget({ address: nowhere() }, store)]));
    const { database, storeState } = await target(own);
    expect(database).toEqual({
      address: 'redis://127.0.0.1:1',
      falkordb: null,
      redis: null,
      state: 'down',
      checkedAt: expect.any(String),
      message: expect.stringContaining('cannot be reached'),
      hint: expect.any(String),
    });
    expect(storeState.state).toBe('up');
    const { status, json } = await own.ask('/readyz');
    expect({ status, problems: json.problems }).toEqual({ status: 503, problems: [`falkordb: ${database.message}`] });
    expect(await own.ask(`/api/v1/backups/${backupId}/plan`)).toMatchObject({
      status: 503,
      json: { error: { code: 'database-unreachable', hint: expect.any(String) } },
    });
    expect((await own.ask('/healthz')).status).toBe(200);
  });
});

describe('a store', () => {
  test('that is away is shown as down, and answers say why', async () => {
    await rename(root, `${root}-away`);
    await writeFile(root, 'not a folder');
    try {
      const { status, json } = await dashboard.ask('/api/v1/targets');
      expect(status).toBe(200);
      const [{ storeState, database, tiers, lastFailure, lastVerification, size, nextPrune }] = json.targets;
      expect(storeState).toMatchObject({ state: 'down', message: expect.any(String), hint: expect.any(String) });
      expect({ lastFailure, lastVerification, size }).toEqual({
        lastFailure: null,
        lastVerification: null,
        size: null,
      });
      expect(nextPrune).not.toBeNull();
      expect(database.state).toBe('up');
      expect(tiers[0]).toMatchObject({ newest: null, nextDue: expect.any(String), schedule: { timeZone: 'UTC' } });
      for (const path of ['backups', `backups/${backupId}`, 'runs', 'retention']) {
        expect(await dashboard.ask(`/api/v1/${path}`), path).toMatchObject({
          status: 503,
          json: { error: { code: 'store-unavailable', message: expect.any(String), hint: expect.any(String) } },
        });
      }
      expect((await dashboard.ask('/readyz')).json.problems).toEqual([expect.stringMatching(/^falkordb: Cannot/)]);
      expect((await dashboard.ask('/healthz')).status).toBe(200);
    } finally {
      await rename(root, `${root}-file`);
      await rename(`${root}-away`, root);
    }
    await eventually(async () => expect((await target()).storeState.state).toBe('up'), 500);
    expect((await target()).tiers[4].newest.backupId).toBe(backupId);
    expect((await dashboard.ask('/readyz')).status).toBe(200);
  });
});

test('a bucket that nobody answers for is shown as down, and nothing is done there', async () => {
  const credentials = { accessKeyId: 'zq-key', secretAccessKey: 'zq-secret' };
  const s3 = { endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials, timeoutSeconds: 1 };
  const bucket = openStore('s3://backups/falkordb', { s3 });
  await using own = await startDashboard(new ServedTargets([servedTarget(live, bucket)]));
  const answers = await Promise.all([
    own.ask('/api/v1/runs'),
    own.ask(`/api/v1/backups/${backupId}/plan`),
    own.act('POST', `/api/v1/backups/${backupId}/pin`, {}),
    own.act('POST', `/api/v1/backups/${backupId}/verify`, {}),
  ]);
  for (const { status, json } of answers) {
    expect({ status, code: json.error.code }).toEqual({ status: 503, code: 'store-unavailable' });
  }
  const { store: url, storeState } = await target(own);
  expect({ url, state: storeState.state }).toEqual({ url: 's3://backups/falkordb', state: 'down' });
  expect(own.answers.join('')).not.toContain('zq-');
});

// biome-ignore lint/correctness/useYield: it throws before there is anything
async function* unforeseen(): AsyncGenerator<never> {
  throw new TypeError('zq-inner-detail');
}

test('what nobody has foreseen is in the log, and not in the answer', async () => {
  const broken = new Proxy(store, {
    get: (inner, name) => {
      if (name === 'list') return unforeseen;
      const value = Reflect.get(inner, name, inner);
      return typeof value === 'function' ? value.bind(inner) : value;
    },
  });
  await using own = await startDashboard(new ServedTargets([servedTarget(live, broken)]));
  const { status, json, text } = await own.ask(`/api/v1/backups/${backupId}`);
  expect({ status, code: json.error.code }).toEqual({ status: 500, code: 'internal' });
  expect(text).not.toMatch(/zq-inner|TypeError|\.ts\b/);
  const [line] = own.logs.query({ level: 'error', limit: 1 });
  expect(line).toMatchObject({ message: 'A request failed', fields: { err: { type: 'TypeError' } } });
});

async function* never(): AsyncGenerator<never> {
  await new Promise(() => {});
}

/** A store that answers nothing from one moment to another. */
function sleepy(inner: ObjectStore) {
  const awake = Promise.withResolvers<void>();
  let until: Promise<void> = Promise.resolve();
  const store = new Proxy(inner, {
    get: (_, name) => {
      const value = Reflect.get(inner, name, inner);
      if (typeof value !== 'function') return value;
      if (!String(name).startsWith('list')) return (...args: unknown[]) => until.then(() => value.apply(inner, args));
      return async function* (...args: unknown[]) {
        await until;
        yield* value.apply(inner, args);
      };
    },
  });
  const fallAsleep = () => {
    until = awake.promise;
  };
  return { store, fallAsleep, wake: awake.resolve };
}

/** Runs that nobody has read. */
async function runsOf(of: ObjectStore): Promise<void> {
  for (const hour of [1, 2, 3]) {
    const at = new Date(Date.UTC(2026, 0, 1, hour));
    const run = { schemaVersion: 1 as const, runId: newRunId(at), target: 'falkordb', verb: 'backup' as const };
    await recordRequested(of, { ...run, backupId: null, requestedAt: at.toISOString() });
  }
}

/* They wait for what does not come, and so together. */
describe.concurrent('what is silent', () => {
  test('a database that is frozen is waited for only so long, by all together, and is up again when it answers', async () => {
    await using own = await startDashboard(new ServedTargets([servedTarget(live, store)]));
    process.kill(live.server.pid, 'SIGSTOP');
    try {
      const began = performance.now();
      const answers = await Promise.all([target(own), target(own), own.ask('/readyz')]);
      expect(performance.now() - began).toBeLessThan(4500);
      expect(answers[0].database).toMatchObject({ state: 'down', message: expect.stringContaining('within 3 s') });
      expect(answers[2]).toMatchObject({ status: 503 });
    } finally {
      process.kill(live.server.pid, 'SIGCONT');
    }
    await eventually(async () => expect((await target(own)).database.state).toBe('up'), 500);
    expect(await live.info('rejected_connections')).toBe('0');
  });

  test('a store that says nothing is not waited for by whoever asks whether all is well', async () => {
    const { store: asleep, resume } = pausable(store, 1);
    await using own = await startDashboard(new ServedTargets([servedTarget({ address: nowhere() }, asleep)]));
    const { status, json } = await own.ask('/readyz');
    expect({ status, problems: json.problems }).toEqual({
      status: 503,
      problems: expect.arrayContaining([expect.stringContaining('has not told all within 5 s')]),
    });
    const began = performance.now();
    const { storeState, tiers } = await target(own);
    expect(performance.now() - began).toBeLessThan(3000);
    expect({ state: storeState.state, newest: tiers[4].newest }).toEqual({ state: 'down', newest: null });
    resume();
    await eventually(async () => expect((await target(own)).storeState.state).toBe('up'), 500);
  });

  test('a store that falls silent is waited for only so long by whoever reads or acts', async () => {
    const { store: asleep, fallAsleep, wake } = sleepy(store);
    await using own = await startDashboard(new ServedTargets([servedTarget({ address: nowhere() }, asleep)]));
    await runsOf(store);
    // All are listed now, and but one of them is yet to be read.
    expect((await own.ask('/api/v1/runs?limit=1')).status).toBe(200);
    fallAsleep();
    const answers = await Promise.all([
      own.ask('/api/v1/runs?limit=200'),
      own.ask(`/api/v1/backups/${backupId}`),
      own.act('POST', `/api/v1/backups/${backupId}/pin`, {}),
      own.act('POST', `/api/v1/backups/${backupId}/verify`, {}),
    ]);
    for (const { status, json } of answers) {
      expect({ status, error: json.error }).toEqual({
        status: 503,
        error: {
          code: 'store-unavailable',
          message: expect.stringContaining('has not told all'),
          hint: expect.any(String),
        },
      });
    }
    wake();
    await eventually(async () => expect((await own.ask(`/api/v1/backups/${backupId}`)).status).toBe(200), 500);
  });

  test('a store that is only too large to be measured soon is shown with all else', async () => {
    const large = new Proxy(store, {
      get: (inner, name) => {
        const value = Reflect.get(inner, name, inner);
        if (name !== 'list') return typeof value === 'function' ? value.bind(inner) : value;
        return (prefix: string, ...more: []) => (prefix === '' ? never() : inner.list(prefix, ...more));
      },
    });
    await using own = await startDashboard(new ServedTargets([servedTarget({ address: nowhere() }, large)]));
    const { storeState, tiers, size } = await target(own);
    expect({ state: storeState.state, size }).toEqual({ state: 'up', size: null });
    expect(tiers[4].newest.backupId).toBe(backupId);
    expect((await own.ask('/api/v1/backups')).status).toBe(200);
  });

  test('requests at work do not keep the server from closing', async () => {
    const { store: asleep, reached, resume } = pausable(store, 1);
    const own = await startDashboard(new ServedTargets([servedTarget({ address: nowhere() }, asleep)]));
    const asked = own.ask('/api/v1/backups').catch((error: unknown) => error);
    await reached;
    const began = performance.now();
    await own.close();
    expect(performance.now() - began).toBeLessThan(3000);
    expect(await asked).toMatchObject({ code: 'ECONNRESET' });
    resume();
  });
});
