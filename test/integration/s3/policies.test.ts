import { join } from 'node:path';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Lease } from '../../../core/catalog/lease.ts';
import { findOrphans, removeOrphans } from '../../../core/catalog/orphans.ts';
import { findTombstone } from '../../../core/catalog/tombstones.ts';
import { BackupError } from '../../../core/model/errors.ts';
import { dumpKey, leaseKey, manifestKey, markKey, runKey } from '../../../core/model/keys.ts';
import {
  agentStatements,
  bucketStatements,
  type PolicyStatement,
  pruneStatements,
} from '../../../core/model/s3-policies.ts';
import { TIERS, type Tier } from '../../../core/model/tiers.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import { putIfAbsent, readObjectIfPresent } from '../../../core/store/small-object.ts';
import { agentCommand } from '../../support/agent-command.ts';
import { type AccessRequest, decide, isAbout, parseStatement } from '../../support/iam.ts';
import { type LiveServer, startLiveServer } from '../../support/live-server.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { makeBucket, s3Client, s3Missing, s3Server, type TestBucket } from '../../support/s3/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../../support/s3/fault-proxy.ts';
import type { ProxiedRequest } from '../../support/s3/faults.ts';
import { kindOf, needs } from '../../support/s3/needs.ts';
import { openS3Store, PREFIX, s3Settings } from '../../support/s3/s3-store.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const TARGET = 'shop';
/** More than one part of 8 MiB, and nothing of it compresses. */
const DUMP_BYTES = 10 * 1024 * 1024;

interface Asked {
  /** Of listings. */
  prefix?: string;
  /** Of what says that there must be none. */
  isCreateOnly?: boolean;
}

describe.skipIf(s3Missing)('the least rights of an agent, and what its commands ask of S3', () => {
  let server: LiveServer;
  let bucket: TestBucket;
  let proxy: FaultProxy;
  let folder: TemporaryFolder;
  /** What each command line asked for. */
  const requestsOf = new Map<string, ProxiedRequest[]>();
  beforeAll(async () => {
    [server, bucket, folder] = await Promise.all([startLiveServer(), makeBucket(), temporaryFolder()]);
    proxy = await startFaultProxy(new URL(s3Server().endpoint));
    await server.graph('people', 'UNWIND range(1, 50) AS i CREATE (:Person {id: i})');
    await server.fill(DUMP_BYTES / 100_000, 100_000);
    const dump = join(folder.path, 'dump.rdb');
    const daily = ['backup', '--tier', 'daily', '--scheduled-for', '2026-11-22T02:30:00Z', '--source', 'bgsave'];
    await agent(0, ...daily);
    await agent(0, ...daily);
    await agent(0, 'backup', '--source', 'replication', '--compression', 'none');
    await agent(0, 'backup', '--tier', 'weekly', '--source', 'bgsave');
    await agent(0, 'backup', '--tier', 'snapshot');
    await agent(0, 'list');
    await agent(0, 'show', 'latest');
    await agent(0, 'verify', '--all');
    await agent(0, 'fetch', 'latest:weekly', '--output', dump);
    await agent(0, 'status');
    await agent(0, 'doctor');
    proxy.setFault({ kind: 'slow-down', matches: ({ method, query }) => method === 'PUT' && query.has('partNumber') });
    await agent(7, 'backup', '--tier', 'monthly');
    proxy.setFault(undefined);
    await agent(0, 'restore', 'latest', '--force');
    await agent(0, 'restore', 'latest:daily', '--force');
    await agent(0, 'restore', '--recover');
    await agent(0, 'verify', '--load');
    await agent(0, 'backup', '--tier', 'pre-restore', '--s3-tags', 'team=data');
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await Promise.all([server[Symbol.asyncDispose](), bucket.remove(), folder[Symbol.asyncDispose]()]);
  });

  const agent = async (expected: number, ...args: string[]) => {
    const before = proxy.requests.length;
    const env = {
      ...s3Settings(bucket.name),
      S3_ENDPOINT: proxy.endpoint,
      FALKORDB_URL: server.server.url,
      BACKUP_TARGET: TARGET,
      BACKUP_STATE_DIR: join(folder.path, 'state'),
    };
    const { exitCode, stderr, json } = await agentCommand([...args, '--json'], { env });
    expect(exitCode, `${args.join(' ')}: ${stderr}`).toBe(expected);
    const name = args.includes('--s3-tags') ? 'backup with tags' : (args[0] ?? '');
    requestsOf.set(name, [...(requestsOf.get(name) ?? []), ...proxy.requests.slice(before)]);
    return json;
  };
  const scope = () => ({ bucketArn: `arn:aws:s3:::${bucket.name}`, prefix: PREFIX });
  const recorded = () => [...requestsOf.values()].flat();
  const needsOf = (verb: string) => (requestsOf.get(verb) ?? []).flatMap(needs);
  const denied = (verb: string) => {
    const statements = agentStatements(scope(), TARGET);
    const found = needsOf(verb).filter((need) => !isAllowed(statements, need));
    const shown = found.map(({ action, resource, context }) => [action, resource, context['s3:prefix']].join(' '));
    return [...new Set(shown.map((text) => text.replace('arn:aws:s3:::', '').trim()))];
  };

  test('every kind of request that an agent can make was made', () => {
    const actions = new Set([...requestsOf.keys()].flatMap(needsOf).map(({ action }) => action));
    expect([...actions].toSorted()).toEqual([
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      's3:PutObject',
      's3:PutObjectTagging',
    ]);
    const kinds = recorded().map(kindOf);
    for (const kind of ['put', 'start upload', 'upload part', 'complete upload', 'abort upload', 'get', 'head', 'list'])
      expect(kinds).toContain(kind);
  });

  test.each(['backup', 'list', 'show', 'verify', 'fetch', 'restore'])(
    '%s asks for nothing that is not in its policy',
    (verb) => {
      expect(needsOf(verb).length).toBeGreaterThan(0);
      expect(denied(verb)).toEqual([]);
    },
  );

  test('status asks for one thing more: a list of the whole store', () => {
    expect(denied('status')).toEqual([`s3:ListBucket ${bucket.name} ${PREFIX}/`]);
  });

  test('doctor asks for one thing more: a list of unfinished uploads', () => {
    expect(denied('doctor')).toEqual([`s3:ListBucketMultipartUploads ${bucket.name}`]);
  });

  test('with these rights alone status and doctor say what they could not see, and do the rest', async () => {
    const statements = agentStatements(scope(), TARGET);
    const isDenied = (request: ProxiedRequest) => needs(request).some((need) => !isAllowed(statements, need));
    proxy.setFault({ kind: 'access-denied', matches: isDenied });
    try {
      expect((await agent(0, 'status')).size).toMatchObject({ scope: 'target', storedBytes: expect.any(Number) });
      const { findings } = await agent(0, 'doctor');
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'left-overs', level: 'ok', message: expect.stringContaining('not allowed') }),
      );
    } finally {
      proxy.setFault(undefined);
    }
  });

  test('a backup with tags asks for one right more: to tag what it writes', () => {
    const found = denied('backup with tags');
    expect(found.length).toBeGreaterThan(0);
    for (const need of found) expect(need).toMatch(/^s3:PutObjectTagging /);
  });

  test('no object is ever deleted', () => {
    expect(recorded().map(kindOf)).not.toContain('delete');
  });

  test('every request that makes an object of a backup says that there must be none, as the bucket demands', () => {
    const [statement] = bucketStatements(scope());
    const creating = recorded().filter((request) => {
      const isCreation = ['put', 'complete upload'].includes(kindOf(request));
      return isCreation && needs(request).some((need) => isAbout(parseStatement(statement), need));
    });
    const keys = creating.map(({ path }) => path.replace(`/${bucket.name}/${PREFIX}/`, ''));
    for (const name of ['manifest.json', 'state.json', 'dump.rdb.zst', 'dump.rdb'])
      expect(keys.filter((key) => key.endsWith(`/${name}`)).length).toBeGreaterThan(0);
    for (const key of keys) expect(TIERS.map((tier) => `${tier}/${TARGET}/`)).toContain(tierOf(key));
    expect(creating.filter(({ headers }) => headers['if-none-match'] !== '*')).toEqual([]);
  });

  test('every request is about this bucket, and no other reaches the bucket itself', () => {
    for (const { path } of recorded()) expect(path).toMatch(new RegExp(`^/${bucket.name}(/${PREFIX}/.+|/?)$`));
  });
});

describe('the rights of an agent', () => {
  const scope = { bucketArn: 'arn:aws:s3:::b', prefix: PREFIX };
  const statements = agentStatements(scope, TARGET);

  test.each(['shop-2', 'sho', 'other'])('reach nothing of %s', (other) => {
    const keys = [...TIERS.map((tier) => `${tier}/${other}/x`), `runs/${other}/x`, `locks/${other}.json`];
    for (const key of keys) {
      const resource = `b/${PREFIX}/${key}`;
      expect(isAllowed(statements, ask('s3:GetObject', resource))).toBe(false);
      expect(isAllowed(statements, ask('s3:PutObject', resource))).toBe(false);
      expect(isAllowed(statements, ask('s3:ListBucket', 'b', { prefix: `${PREFIX}/${key}` }))).toBe(false);
    }
  });

  test('hold no right to delete', () => {
    const key = `b/${PREFIX}/daily/${TARGET}/x`;
    expect(isAllowed(statements, ask('s3:GetObject', key))).toBe(true);
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion'])
      expect(isAllowed(statements, ask(action, key))).toBe(false);
  });
});

describe.skipIf(s3Missing)('the least rights of prune, and what the removal of left-overs asks of S3', () => {
  const RUN = '20261122T023000Z-run';
  const partsOf = (tier: Tier) => ({ target: TARGET, tier, scheduledFor: new Date('2026-11-22T02:30:00Z') });
  const ATTEMPT = { runId: RUN, attempt: '00000000' };
  const FOUR_DAYS_MS = 4 * 24 * 3600 * 1000;
  const nextStart = (store: ObjectStore) =>
    Lease.acquire(store, {
      ...{ target: TARGET, runId: 'next', isDead: () => false, now: () => new Date() },
      holder: { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null },
    });

  test('are enough for it, and asked for to the last one', async () => {
    await using proxy = await startFaultProxy(new URL(s3Server().endpoint));
    const bucket = await makeBucket();
    try {
      const direct = openS3Store(bucket.name);
      const seen = openS3Store(bucket.name, { endpoint: proxy.endpoint });
      const statements = pruneStatements({ bucketArn: `arn:aws:s3:::${bucket.name}`, prefix: PREFIX });
      const isDenied = (request: ProxiedRequest) => needs(request).some((need) => !isAllowed(statements, need));
      proxy.setFault({ kind: 'access-denied', matches: isDenied });
      for (const tier of TIERS) await direct.put(dumpKey(partsOf(tier), ATTEMPT, '.rdb'), Buffer.from('x'));
      await direct.put(runKey(TARGET, RUN, 'verdict-1'), Buffer.from('{}'));
      await (await nextStart(direct)).release();
      await leaveUpload(bucket.name, `${PREFIX}/${dumpKey(partsOf('weekly'), ATTEMPT, '.rdb.zst')}`);

      const first = await removeOrphans(seen, await findOrphans(seen, TARGET, new Date()), { now: () => new Date() });
      expect(first).toMatchObject({ removed: TIERS.map(() => ({})), uploads: [{}], left: [] });
      const later = () => new Date(Date.now() + FOUR_DAYS_MS);
      await removeOrphans(seen, await findOrphans(seen, TARGET, later()), { now: later });
      const folders = await Promise.all(TIERS.map((tier) => findTombstone(direct, partsOf(tier))));
      expect(folders).toEqual(TIERS.map(() => undefined));

      expect(proxy.requests.filter(({ fault }) => fault !== undefined)).toEqual([]);
      const kinds = new Set(proxy.requests.map(kindOf));
      expect([...kinds].toSorted()).toEqual(['abort upload', 'delete', 'get', 'list', 'list uploads', 'put']);
      const puts = proxy.requests.filter((request) => kindOf(request) === 'put');
      const keyOf = ({ path }: ProxiedRequest) => decodeURIComponent(path).replace(`/${bucket.name}/${PREFIX}/`, '');
      expect(puts.map(keyOf).toSorted()).toEqual(TIERS.map((tier) => manifestKey(partsOf(tier))).toSorted());
      expect(puts.map(({ headers }) => headers['if-none-match'])).toEqual(TIERS.map(() => '*'));
    } finally {
      await bucket.remove();
    }
  });

  async function leaveUpload(bucket: string, key: string): Promise<void> {
    const client = s3Client();
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
    client.destroy();
  }
});

describe('the rights of prune', () => {
  const scope = { bucketArn: 'arn:aws:s3:::b', prefix: PREFIX };
  const mayPut = (key: string, isCreateOnly: boolean) =>
    isAllowed(pruneStatements(scope), ask('s3:PutObject', `b/${PREFIX}/${key}`, { isCreateOnly }));
  const folder = (tier: Tier, of: Tier = tier) => `${tier}/${TARGET}/20261122T023000Z-${TARGET}-${of}`;

  test.each(TIERS)('let it create what lies where a manifest of %s would, and never overwrite it', (tier) => {
    expect(mayPut(`${folder(tier)}/manifest.json`, true)).toBe(true);
    expect(mayPut(`${folder(tier)}/manifest.json`, false)).toBe(false);
  });

  test.each(TIERS)('let it note beside a backup of %s that less is right, and never overwrite a note', (tier) => {
    const key = markKey(
      { target: TARGET, tier, scheduledFor: new Date('2026-11-22T02:30:00Z') },
      new Date('2026-11-23T05:00:00Z'),
      'collapse-accepted',
    );
    expect(mayPut(key, true)).toBe(true);
    expect(mayPut(key, false)).toBe(false);
  });

  test('let it write nothing else among the backups', () => {
    for (const name of ['dump.rdb.zst', `run.00000000/dump.rdb.zst`, 'verified/x.json', 'manifest.json.old', 'x']) {
      expect(mayPut(`${folder('daily')}/${name}`, true), name).toBe(false);
    }
    for (const key of [
      `${folder('daily', 'weekly')}/manifest.json`,
      `daily/${TARGET}/notes/manifest.json`,
      'manifest.json',
    ])
      expect(mayPut(key, true), key).toBe(false);
  });
});

/** As S3 is to those who may list only some prefixes: reading what does not exist is denied, not missed. */
describe('where reading what does not exist is denied', () => {
  const KEY = leaseKey(TARGET);
  const deny = (store: MemoryStore, isDenied = (key: string) => !store.keys.includes(key)) => {
    const { get, head } = store;
    const check = (key: string) => {
      if (isDenied(key)) throw new BackupError('store-denied', `Cannot read ${key}: AccessDenied, HTTP 403.`);
    };
    store.get = async (...args) => {
      check(args[0]);
      return get.apply(store, args);
    };
    store.head = async (...args) => {
      check(args[0]);
      return head.apply(store, args);
    };
    return store;
  };

  test('an object that is not listed does not exist', async () => {
    const store = deny(new MemoryStore());
    expect(await readObjectIfPresent(store, KEY)).toBeUndefined();
    // Its name begins the same; it is another one.
    await store.put(`${KEY}.old`, Buffer.from('x'));
    expect(await readObjectIfPresent(store, KEY)).toBeUndefined();
    expect(store.calls.filter((call) => call.startsWith('list '))).toEqual([`list ${KEY}`, `list ${KEY}`]);
  });

  test('an object that is listed is denied, and never taken for missing', async () => {
    const store = deny(new MemoryStore(), () => true);
    await store.put(KEY, Buffer.from('x'));
    await expect(readObjectIfPresent(store, KEY)).rejects.toMatchObject({ code: 'store-denied' });
  });

  test('an object that exists is read without a list', async () => {
    const store = deny(new MemoryStore());
    await store.put(KEY, Buffer.from('x'));
    expect((await readObjectIfPresent(store, KEY))?.bytes).toEqual(Buffer.from('x'));
    expect(store.calls).not.toContain(`list ${KEY}`);
  });

  test('a lease is taken, renewed and given back, and records are written once', async () => {
    const store = deny(new MemoryStore());
    const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
    const request = { target: TARGET, runId: 'run', holder, isDead: () => false, now: () => new Date() };
    const lease = await Lease.acquire(store, request);
    await lease.assertHeld();
    await lease.release();
    await (await Lease.acquire(store, request)).release();
    expect(await putIfAbsent(store, 'runs/a', Buffer.from('1'))).toBe(true);
    expect(await putIfAbsent(store, 'runs/a', Buffer.from('2'))).toBe(false);
  });
});

/** Of keys of the store, as somebody with these rights would ask. */
function ask(action: string, resource: string, { prefix, isCreateOnly = false }: Asked = {}): AccessRequest {
  const context = { 's3:prefix': prefix, 's3:if-none-match': isCreateOnly ? '*' : undefined };
  return { action, resource: `arn:aws:s3:::${resource}`, context };
}

function isAllowed(statements: PolicyStatement[], request: AccessRequest): boolean {
  return decide(request, { identity: statements.map(parseStatement) }).isAllowed;
}

function tierOf(key: string): string {
  return key
    .split('/')
    .slice(0, 2)
    .map((part) => `${part}/`)
    .join('');
}
