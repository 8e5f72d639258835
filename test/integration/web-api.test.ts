import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rememberAlert } from '../../core/catalog/alerts.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../core/catalog/runs.ts';
import { recordVerification } from '../../core/catalog/verifications.ts';
import { type BackupIdParts, formatBackupId, parseBackupId } from '../../core/model/backup-id.ts';
import { manifestKey } from '../../core/model/keys.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { newRunId } from '../../core/model/run-id.ts';
import type { Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { DASHBOARD_TOKEN, type Dashboard, startDashboard } from '../support/dashboard.ts';
import { EXAMPLE_GRAPH } from '../support/example-manifest.ts';
import { exampleVerification } from '../support/example-verification.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { ServedTargets, servedTarget } from '../support/served-targets.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** In settings that the service has, and nobody else's business. */
const SECRETS = {
  password: 'zq-p@ssword:of/the-database',
  hook: 'zq-hook-token',
  signing: 'zq-signing-secret',
  heartbeat: 'zq-heartbeat-token',
};
const HOUR_MS = 3600 * 1000;
/** To the second, as ids have it. */
const START = Math.floor(Date.now() / 1000) * 1000;
const ago = (hours: number) => new Date(START - hours * HOUR_MS);

let live: LiveServer;
let folder: TemporaryFolder;
let store: ObjectStore;
let service: ServedTargets;
let dashboard: Dashboard;
/** Of `falkordb`, whose only good backup it is. */
let real: Manifest;
/** Daily ones of `other`, oldest first. */
const others: string[] = [];

beforeAll(async () => {
  live = await startLiveServer({ password: SECRETS.password });
  await live.graph('knowledge', 'UNWIND range(1, 30) AS i CREATE (:Entity {i: i})-[:KNOWS]->(:Entity)');
  folder = await temporaryFolder();
  store = openStore(pathToFileURL(join(folder.path, 'store')).href);
  real = manifestOf(await backUp(live, store, { scheduledFor: ago(1), runId: newRunId(ago(1)) }));
  for (const hours of [100, 76, 52, 28]) {
    const facts = hours === 76 ? { graphs: [{ ...EXAMPLE_GRAPH, name: 'Sought For' }] } : {};
    others.push(await storeBackup(store, 'other', 'daily', ago(hours), { runId: newRunId(ago(hours)), ...facts }));
  }
  const urls = [`https://hooks.example.com/${SECRETS.hook}`];
  const settings = {
    webhooks: { urls, secret: SECRETS.signing, shape: undefined, types: [] },
    heartbeatUrl: `https://hc.example.com/${SECRETS.heartbeat}`,
    stateFolder: join(folder.path, 'state'),
  };
  service = new ServedTargets([
    servedTarget(live, store, settings),
    servedTarget(live, store, { ...settings, target: 'other' }),
  ]);
  dashboard = await startDashboard(service);
});

afterAll(async () => {
  await dashboard.close();
  await folder[Symbol.asyncDispose]();
  await live[Symbol.asyncDispose]();
});

const at = (target: string, tier: Tier, hours: number): BackupIdParts => ({ target, tier, scheduledFor: ago(hours) });
/** A view of the same things that has cached none of them. */
const fresh = () => startDashboard(service);

async function recordRun(target: string, tier: Tier, hours: number, ending?: 'failed' | 'skipped'): Promise<string> {
  const [runId, backupId] = [newRunId(ago(hours)), formatBackupId(at(target, tier, hours))];
  const run = { schemaVersion: 1 as const, runId, target };
  await recordRequested(store, { ...run, verb: 'backup', backupId, requestedAt: ago(hours).toISOString() });
  const startedAt = ago(hours).toISOString();
  await recordStarted(store, { ...run, startedAt, host: 'db-1', pid: 7, toolVersion: '0.1.0' });
  if (!ending) return runId;
  const failure = { code: 'store-full', message: 'There is no space left.', hint: 'Free some.', retryable: false };
  const how = ending === 'failed' ? { reason: null, failure } : { reason: 'unchanged', failure: null };
  await recordVerdict(store, { ...run, verdict: ending, endedAt: ago(hours - 0.01).toISOString(), ...how });
  return runId;
}

describe('GET /api/v1/targets', () => {
  test('says of each target how it stands', async () => {
    const { status, headers, json } = await dashboard.ask('/api/v1/targets');
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
    expect(json).toMatchObject({
      version: expect.stringMatching(/^\d+\./),
      startedAt: service.startedAt.toISOString(),
      refreshSeconds: 60,
      canAct: true,
    });
    const [target, other] = json.targets;
    const { address, ...database } = target.database;
    expect(address).toBe(`redis://127.0.0.1:${live.address.port}`);
    expect(database).toMatchObject({ state: 'up', falkordb: real.engine.falkordb, redis: real.engine.redis });
    expect(target).toMatchObject({
      target: 'falkordb',
      store: store.url,
      storeState: { state: 'up', message: null, hint: null },
      nextPrune: '2031-01-01T00:00:00.000Z',
      activities: [],
      lastFailure: null,
      lastVerification: null,
    });
    expect(target.size).toEqual({ scope: 'store', storedBytes: expect.any(Number), objects: expect.any(Number) });
    expect(target.tiers.map(({ tier }: { tier: string }) => tier)).toEqual([
      'snapshot',
      'daily',
      'weekly',
      'monthly',
      'manual',
      'pre-restore',
    ]);
    expect(target.tiers[1]).toEqual({
      tier: 'daily',
      schedule: { cron: '30 2 * * *', timeZone: 'UTC' },
      nextDue: '2031-01-01T00:00:00.000Z',
      overdueSince: null,
      newest: null,
      unreadable: null,
      lastSkippedAt: null,
    });
    expect(target.tiers[4]).toMatchObject({ schedule: null, nextDue: null, newest: { backupId: real.backupId } });
    expect(other.tiers[1].newest.backupId).toBe(others.at(-1));
  });

  test('sums up a backup', async () => {
    const { json } = await dashboard.ask('/api/v1/targets');
    expect(json.targets[0].tiers[4].newest).toEqual({
      backupId: real.backupId,
      target: 'falkordb',
      tier: 'manual',
      scheduledFor: ago(1).toISOString(),
      pinned: false,
      verified: null,
      isStored: true,
      facts: {
        takenAt: real.rdb.createdAt,
        completedAt: real.completedAt,
        runId: real.runId,
        rdbBytes: real.rdb.bytes,
        storedBytes: real.stored.bytes,
        durationSeconds: real.timings.totalSeconds,
        graphs: 1,
        nodes: 60,
        edges: 30,
        falkordb: real.engine.falkordb,
      },
      problem: null,
    });
  });

  test('tells of a newest backup that cannot be read, beside the newest that can', async () => {
    const tier = async (name: string) => {
      await using view = await fresh();
      const [, other] = (await view.ask('/api/v1/targets')).json.targets;
      return other.tiers.find((each: { tier: string }) => each.tier === name);
    };
    const broken = async (hours: number) => {
      const key = manifestKey(at('other', 'weekly', hours));
      await store.put(key, new TextEncoder().encode('{"broken'));
      return key;
    };
    const keys = [await broken(230)];
    const alone = formatBackupId(at('other', 'weekly', 230));
    expect(await tier('weekly')).toMatchObject({ newest: null, unreadable: { backupId: alone } });
    const good = await storeBackup(store, 'other', 'weekly', ago(220), { runId: newRunId(ago(220)) });
    expect(await tier('weekly')).toMatchObject({ newest: { backupId: good }, unreadable: null });
    keys.push(await broken(210));
    expect(await tier('weekly')).toMatchObject({
      newest: { backupId: good },
      unreadable: {
        backupId: formatBackupId(at('other', 'weekly', 210)),
        problem: expect.stringContaining('manifest'),
      },
    });
    for (const key of [...keys, manifestKey(at('other', 'weekly', 220))]) await store.delete(key);
  });

  test('measures a store once for all of its targets, and not again for each run', async () => {
    let measured = 0;
    const counted = new Proxy(store, {
      get: (inner, name) => {
        const value = Reflect.get(inner, name, inner);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'list' && args[0] === '') measured += 1;
          return value.apply(inner, args);
        };
      },
    });
    const own = new ServedTargets(['falkordb', 'other'].map((target) => servedTarget(live, counted, { target })));
    await using view = await startDashboard(own);
    const sizes = async () =>
      (await view.ask('/api/v1/targets')).json.targets.map((each: { size: unknown }) => each.size);
    const [size, same] = await sizes();
    expect(size).toMatchObject({ scope: 'store', objects: expect.any(Number) });
    expect(same).toEqual(size);
    const ended = { kind: 'backup', target: 'other', runId: 'r', backupId: null, message: '', hint: null } as const;
    own.tell({ type: 'ended', ended: { ...ended, outcome: 'completed' } });
    expect(await sizes()).toEqual([size, size]);
    expect(measured).toBe(1);
  });

  test('tells of a failure until a later run of the same tier went well', async () => {
    const runId = await recordRun('other', 'weekly', 20, 'failed');
    await recordRun('other', 'snapshot', 18, 'failed');
    const skipped = await recordRun('other', 'snapshot', 14, 'skipped');
    await using view = await fresh();
    const [, other] = (await view.ask('/api/v1/targets')).json.targets;
    expect(other.lastFailure).toEqual({
      runId,
      verb: 'backup',
      tier: 'weekly',
      backupId: formatBackupId(at('other', 'weekly', 20)),
      at: ago(19.99).toISOString(),
      code: 'store-full',
      message: 'There is no space left.',
      hint: 'Free some.',
    });
    expect(other.tiers[0].lastSkippedAt).toBe(ago(13.99).toISOString());
    const { runs } = (await view.ask('/api/v1/runs?target=other')).json;
    expect(runs.find((run: { runId: string }) => run.runId === skipped)).toMatchObject({
      outcome: 'skipped',
      reason: 'unchanged',
    });
  });

  test('says since when a tier is overdue, as the watchdog found, until one has come', async () => {
    const told = async (tier: 'daily' | 'monthly', since: Date) => {
      const common = { schemaVersion: 1 as const, target: 'other', watchedSince: ago(500).toISOString() };
      const alert = { ...common, subject: tier, verifiedAt: null, schedule: null, lookedAt: null, recoveredAt: null };
      const overdue = { since: since.toISOString(), reminders: 0, after: null };
      await rememberAlert(store, { ...alert, overdue }, { kind: 'absent' });
    };
    await told('monthly', ago(40));
    await told('daily', ago(30));
    await using view = await fresh();
    const { tiers } = (await view.ask('/api/v1/targets')).json.targets[1];
    expect(tiers[3].overdueSince).toBe(ago(40).toISOString());
    // Two hours later there was one.
    expect(tiers[1].overdueSince).toBe(null);
  });

  test('shows what the service does at the moment', async () => {
    const startedAt = new Date();
    const progress = { phase: 'save' as const, unit: 'keys' as const, done: 1, total: 9 };
    const common = { target: 'other', runId: 'r', backupId: null };
    service.tell({ type: 'activity', activity: { ...common, kind: 'prune', tier: null, startedAt, progress } });
    const { json } = await dashboard.ask('/api/v1/targets');
    service.tell({
      type: 'ended',
      ended: { ...common, kind: 'prune', outcome: 'completed', message: 'done', hint: null },
    });
    expect(json.targets.map(({ activities }: { activities: unknown }) => activities)).toEqual([
      [],
      [{ ...common, kind: 'prune', tier: null, startedAt: startedAt.toISOString(), progress }],
    ]);
  });
});

describe('GET /api/v1/backups', () => {
  const idsOf = (json: { backups: { backupId: string }[] }) => json.backups.map(({ backupId }) => backupId);

  test('lists those of all targets, newest first', async () => {
    const { json } = await dashboard.ask('/api/v1/backups');
    expect(idsOf(json)).toEqual([real.backupId, ...others.toReversed()]);
    expect(json).toMatchObject({ total: 5, next: null });
  });

  test('lists those of one target and tier', async () => {
    expect(idsOf((await dashboard.ask('/api/v1/backups?target=other&tier=daily')).json)).toHaveLength(4);
    expect((await dashboard.ask('/api/v1/backups?target=other&tier=weekly')).json).toEqual({
      backups: [],
      total: 0,
      next: null,
    });
  });

  test('goes on behind a backup, page by page', async () => {
    const pages: string[][] = [];
    let next: string | null = '';
    while (next !== null) {
      const { json } = await dashboard.ask(`/api/v1/backups?limit=2&before=${next}`);
      expect(json.total).toBe(5);
      pages.push(idsOf(json));
      next = json.next;
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual([real.backupId, ...others.toReversed()]);
  });

  test('finds them by a part of their id, and by a graph', async () => {
    expect(idsOf((await dashboard.ask('/api/v1/backups?search=MANUAL')).json)).toEqual([real.backupId]);
    expect(idsOf((await dashboard.ask('/api/v1/backups?search=sought%20f')).json)).toEqual([others[1]]);
    expect((await dashboard.ask('/api/v1/backups?search=nowhere')).json.total).toBe(0);
  });

  test('shows one that cannot be read, and one whose bytes are gone', async () => {
    const parts = at('other', 'monthly', 300);
    const path = join(folder.path, 'store', manifestKey(parts));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{}');
    const id = await storeBackup(store, 'other', 'monthly', ago(301), { runId: newRunId(ago(301)) });
    const { json } = await dashboard.ask(`/api/v1/backups/${id}`);
    await store.delete(json.manifest.stored.key);
    await using view = await fresh();
    const { backups } = (await view.ask('/api/v1/backups?tier=monthly')).json;
    expect(backups).toMatchObject([
      { backupId: formatBackupId(parts), isStored: false, facts: null, problem: { message: expect.any(String) } },
      { backupId: id, isStored: false, problem: null },
    ]);
    expect((await view.ask(`/api/v1/backups/${formatBackupId(parts)}`)).json).toMatchObject({ manifest: null });
    for (const key of [manifestKey(parts), manifestKey(at('other', 'monthly', 301))]) await store.delete(key);
  });

  test('reads no manifest twice', async () => {
    const read: string[] = [];
    const counted = new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'get') read.push(String(args[0]));
          return value.apply(target, args);
        };
      },
    });
    const own = new ServedTargets([servedTarget(live, counted, { target: 'other' })]);
    await using view = await startDashboard(own);
    const manifests = () => read.filter((key) => key.endsWith('/manifest.json')).length;
    await Promise.all([view.ask('/api/v1/backups'), view.ask('/api/v1/backups'), view.ask('/api/v1/targets')]);
    expect(manifests()).toBe(4);
    const common = { target: 'other', runId: 'r', backupId: null, kind: 'prune' as const };
    own.tell({ type: 'ended', ended: { ...common, outcome: 'completed', message: '', hint: null } });
    const added = await storeBackup(store, 'other', 'weekly', ago(400), { runId: newRunId(ago(400)) });
    expect((await view.ask('/api/v1/backups?search=sought')).json.total).toBe(1);
    expect(manifests()).toBe(5);
    await store.delete(manifestKey(at('other', 'weekly', 400)));
    expect((await view.ask('/api/v1/backups')).json.total, 'still fresh').toBe(5);
    own.tell({ type: 'ended', ended: { ...common, outcome: 'completed', message: '', hint: null } });
    expect(idsOf((await view.ask('/api/v1/backups')).json)).not.toContain(added);
  });
});

describe('GET /api/v1/backups/<id>', () => {
  test('has all that is known of it', async () => {
    const id = others[0] ?? '';
    const parts = parseBackupId(id);
    if (!parts) throw new Error(id);
    await addMark(store, parts, { mark: 'pinned', by: 'alice', note: 'why', now: ago(5) });
    await addMark(store, parts, { mark: 'unpinned', by: 'bob', note: null, now: ago(4) });
    const verifications = [
      exampleVerification({ backupId: id, verifiedAt: ago(3).toISOString() }),
      exampleVerification({
        backupId: id,
        verifiedAt: ago(2).toISOString(),
        outcome: 'failed',
        failure: { code: 'integrity', message: 'It does not load.' },
        contents: null,
      }),
    ];
    for (const verification of verifications) await recordVerification(store, parts, verification);
    const { status, json } = await dashboard.ask(`/api/v1/backups/${id}`);
    expect(status).toBe(200);
    expect(json.backup).toMatchObject({ backupId: id, pinned: false, verified: { outcome: 'failed' } });
    expect(json.manifest).toMatchObject({ backupId: id, schemaVersion: 1, graphs: [{ name: EXAMPLE_GRAPH.name }] });
    expect(json.verifications).toEqual(
      verifications.toReversed().map(({ verifiedAt, outcome, engine, failure, differences, loadSeconds }) => {
        return { verifiedAt, outcome, engine, failure, differences, loadSeconds };
      }),
    );
    expect(json.marks).toEqual([
      { mark: 'unpinned', at: ago(4).toISOString(), by: 'bob', note: null },
      { mark: 'pinned', at: ago(5).toISOString(), by: 'alice', note: 'why' },
    ]);
    await using view = await fresh();
    const [, other] = (await view.ask('/api/v1/targets')).json.targets;
    expect(other.lastVerification).toEqual({ at: ago(2).toISOString(), outcome: 'failed', backupId: id });
  });
});

describe('GET /api/v1/backups/<id>/plan', () => {
  test('says what a restore would do', async () => {
    const { status, json } = await dashboard.ask(`/api/v1/backups/${real.backupId}/plan`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      status: 'planned',
      restore: real.backupId,
      target: 'falkordb',
      rdb: { bytes: real.rdb.bytes, sha256: real.rdb.sha256 },
      server: { falkordb: real.engine.falkordb, graphs: [{ name: 'knowledge', nodes: 60 }] },
      provenAt: null,
      safetyBackup: true,
      refusals: [],
      command: `falkordb-backup restore ${real.backupId} --target falkordb`,
    });
    expect(await live.nodeCounts()).toEqual({ knowledge: 60 });
  });

  test('goes into another target where that is named', async () => {
    const { json } = await dashboard.ask(`/api/v1/backups/${real.backupId}/plan?target=other`);
    expect(json).toMatchObject({ target: 'other', command: expect.stringMatching(/ --target other$/) });
  });
});

describe('GET /api/v1/runs', () => {
  test('has the newest first, page by page, and how each ended', async () => {
    const open = await recordRun('falkordb', 'daily', 30);
    await using view = await fresh();
    const all = (await view.ask('/api/v1/runs?limit=200')).json.runs;
    const ids = all.map(({ runId }: { runId: string }) => runId);
    expect(ids).toEqual(ids.toSorted().toReversed());
    const paged: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { json } = await view.ask(`/api/v1/runs?limit=3&before=${next}`);
      paged.push(...json.runs.map(({ runId }: { runId: string }) => runId));
      next = json.next;
    }
    expect(paged).toEqual(ids);
    expect(all.find(({ runId }: { runId: string }) => runId === real.runId)).toMatchObject({
      target: 'falkordb',
      verb: 'backup',
      tier: 'manual',
      backupId: real.backupId,
      outcome: 'completed',
      requestedAt: expect.any(String),
      startedAt: expect.any(String),
      endedAt: expect.any(String),
      host: expect.any(String),
      reason: null,
      failure: null,
      undelivered: [],
    });
    expect(all.find(({ runId }: { runId: string }) => runId === open)).toMatchObject({
      outcome: 'running',
      endedAt: null,
      host: 'db-1',
    });
  });

  test('does not tear apart runs of the same id', async () => {
    const runId = newRunId(ago(60));
    for (const target of ['falkordb', 'other']) {
      const run = { schemaVersion: 1 as const, runId, target, verb: 'prune' as const, backupId: null };
      await recordRequested(store, { ...run, requestedAt: ago(60).toISOString() });
    }
    await using view = await fresh();
    const ids = (await view.ask('/api/v1/runs?limit=200')).json.runs.map((run: { runId: string }) => run.runId);
    const limit = ids.indexOf(runId) + 1;
    const { runs, next } = (await view.ask(`/api/v1/runs?limit=${limit}`)).json;
    expect(runs.slice(-2)).toMatchObject([{ runId }, { runId }]);
    expect(new Set(runs.slice(-2).map(({ target }: { target: string }) => target)).size).toBe(2);
    expect(next).toBe(runId);
  });
});

describe('GET /api/v1/logs', () => {
  test('finds lines', async () => {
    dashboard.log.child({ target: 'other', runId: newRunId(ago(1)) }).warn({ bytes: 'ZQ17' }, 'The first line');
    dashboard.log.info({ target: 'falkordb' }, 'The second line');
    const messages = async (query: string) =>
      (await dashboard.ask(`/api/v1/logs?${query}`)).json.lines.map(({ message }: { message: string }) => message);
    expect(await messages('limit=2')).toEqual(['The first line', 'The second line']);
    expect(await messages('target=other&level=warn')).toContain('The first line');
    expect(await messages('search=zq17')).toEqual(['The first line']);
    expect((await dashboard.ask('/api/v1/logs?search=zq17')).json.lines).toEqual([
      {
        seq: expect.any(Number),
        at: expect.any(String),
        level: 'warn',
        message: 'The first line',
        target: 'other',
        runId: expect.any(String),
        backupId: null,
        fields: { bytes: 'ZQ17' },
      },
    ]);
  });
});

describe('GET /api/v1/retention', () => {
  test('says what a prune would remove', async () => {
    const old = await storeBackup(store, 'other', 'snapshot', ago(24 * 60), { runId: newRunId(ago(24 * 60)) });
    await using view = await fresh();
    const { status, json } = await view.ask('/api/v1/retention?target=other');
    expect(status).toBe(200);
    expect(json).toMatchObject({ target: 'other', removed: 1, freedBytes: 2 });
    const [last] = json.decisions.slice(-1);
    expect(last).toEqual({
      backup: expect.objectContaining({ backupId: old }),
      keep: false,
      reason: expect.stringContaining('snapshot: older than'),
      isGuarded: false,
    });
    expect(json.decisions[0]).toMatchObject({ backup: { backupId: others.at(-1) }, keep: true });
  });
});

test('what costs much is not made again for each tab, and anew for what has changed', async () => {
  const own = new ServedTargets([servedTarget(live, store, { target: 'other' })]);
  await using view = await startDashboard(own);
  const id = others[0];
  const ask = async () => {
    const answers = [await view.ask('/api/v1/retention'), await view.ask(`/api/v1/backups/${id}`)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    return answers[1]?.json.marks.length;
  };
  const before = await ask();
  for (let time = 0; time < 40; time++) expect(await ask()).toBe(before);
  expect((await view.act('POST', `/api/v1/backups/${id}/pin`, {})).status).toBe(200);
  expect(await ask()).toBe(before + 1);
  expect((await view.act('DELETE', `/api/v1/backups/${id}/pin`, {})).status).toBe(200);
});

describe('what acts', () => {
  test('backs up now, and what it has made is seen at once', async () => {
    const before = (await dashboard.ask('/api/v1/backups?target=falkordb')).json.total;
    const { status, json } = await dashboard.act('POST', '/api/v1/backups', { target: 'falkordb' });
    expect({ status, json }).toEqual({
      status: 202,
      json: { runId: expect.any(String), backupId: expect.stringMatching(/-falkordb-manual$/) },
    });
    const again = await dashboard.act('POST', '/api/v1/backups', { target: 'falkordb' });
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'lease-held', hint: expect.any(String) } } });
    await service.idle();
    const { json: after } = await dashboard.ask('/api/v1/backups?target=falkordb');
    expect(after.total).toBe(before + 1);
    expect(after.backups[0].backupId).toBe(json.backupId);
  });

  test('verifies, also by loading', async () => {
    const path = `/api/v1/backups/${real.backupId}/verify`;
    const { status, json } = await dashboard.act('POST', path, { load: true });
    expect({ status, json }).toEqual({ status: 202, json: { runId: expect.any(String), backupId: real.backupId } });
    await service.idle();
    const { json: found } = await dashboard.ask(`/api/v1/backups/${real.backupId}`);
    expect(found.backup.verified).toMatchObject({ outcome: 'loaded' });
    const { json: plan } = await dashboard.ask(`/api/v1/backups/${real.backupId}/plan`);
    expect(plan.provenAt).toBe(found.verifications[0].verifiedAt);
  });

  test('pins and unpins, in the name of the dashboard', async () => {
    const path = `/api/v1/backups/${others[2]}/pin`;
    const pinned = async () =>
      (await dashboard.ask('/api/v1/backups')).json.backups.filter((backup: { pinned: boolean }) => backup.pinned);
    const { status, json } = await dashboard.act('POST', path, { note: 'before the move' });
    const said = { mark: 'pinned', at: expect.any(String), by: 'dashboard', note: 'before the move' };
    expect({ status, json }).toEqual({ status: 200, json: said });
    expect(await pinned()).toMatchObject([{ backupId: others[2] }]);
    expect((await dashboard.act('DELETE', path)).json).toMatchObject({ mark: 'unpinned', note: null });
    expect(await pinned()).toEqual([]);
  });
});

describe('what orchestrators and Prometheus ask', () => {
  test('whether it is alive', async () => {
    expect(await dashboard.ask('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    service.lookedAt = new Date(Date.now() - 181_000);
    expect(await dashboard.ask('/healthz')).toMatchObject({
      status: 503,
      json: { status: 'unavailable', problems: [expect.stringContaining(service.lookedAt.toISOString())] },
    });
    service.lookedAt = new Date();
  });

  test('whether it is ready', async () => {
    expect(await dashboard.ask('/readyz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    service.ready = false;
    expect(await dashboard.ask('/readyz')).toMatchObject({ status: 503, json: { problems: [expect.any(String)] } });
    service.ready = true;
  });

  test('metrics', async () => {
    const { status, headers, text } = await dashboard.ask('/metrics');
    expect({ status, text }).toEqual({ status: 200, text: '# the metrics\n' });
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    await using failing = await startDashboard(service, { metrics: () => Promise.reject(new Error('zq-inner')) });
    const failed = await failing.ask('/metrics');
    expect(failed).toMatchObject({ status: 503, json: { error: { code: 'no-metrics' } } });
    expect(failed.text).not.toContain('zq-inner');
    expect(failing.logs.query({ level: 'error', limit: 9 })).toMatchObject([
      { message: 'The metrics could not be made' },
    ]);
  });
});

describe('every answer', () => {
  const GETS = [
    '/api/v1/targets',
    '/api/v1/backups',
    '/api/v1/runs',
    '/api/v1/logs',
    '/api/v1/retention?target=other',
    '/api/v1/token',
    '/api/v1/nowhere',
    '/healthz',
    '/readyz',
    '/metrics',
    '/',
    '/nowhere',
  ];

  test.each([...GETS, '/api/v1/events'])('has the headers of safety, and answers HEAD: %s', async (path) => {
    const answers = [await dashboard.ask(path, { method: 'HEAD' })];
    if (path !== '/api/v1/events') answers.push(await dashboard.ask(path));
    expect(answers[0]?.text).toBe('');
    if (answers[1]) expect(answers[1].status).toBe(answers[0]?.status);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      const names = Object.keys(headers);
      expect(names.filter((name) => /^(access-control-|set-cookie|x-powered|server$)/.test(name))).toEqual([]);
    }
  });

  test('tells no secret', async () => {
    const wrong = { headers: { authorization: 'Bearer zq-some-other-token' } };
    for (const path of GETS) await dashboard.ask(path, wrong);
    expect(dashboard.answers.length).toBeGreaterThan(80);
    const everything = dashboard.answers.join('\n');
    for (const secret of [...Object.values(SECRETS), DASHBOARD_TOKEN, 'zq-some-other-token']) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
        expect(everything).not.toContain(form);
    }
  });
});
