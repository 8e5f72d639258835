import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownIdentity } from '../../agent/process-identity.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { findRun, recordRequested } from '../../core/catalog/runs.ts';
import { leaseKey } from '../../core/model/keys.ts';
import { type LeaseRecord, leaseSchema } from '../../core/model/lease.ts';
import { type AgentRequest, encodeRequest, type RequestOf } from '../../core/model/request.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { encodeJson, readObject } from '../../core/store/small-object.ts';
import { agentCommand } from '../support/agent-command.ts';
import { type AgentProcess, reached, startAgentProcess } from '../support/agent-process.ts';
import { backUp, manifestOf, TARGET } from '../support/backups.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { planOf, restoreDeps } from '../support/restores.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { watched } from '../support/watched-store.ts';

/* Requests that come while a restore is at work, or after its agent was killed in the middle. */

/** Seconds: also on a machine that is busy with other tests an agent has looked by then. */
const LONGER_THAN_A_START = 15;
const AN_HOUR = 3600;
const RUN = '20261122T102000Z-first';
const OTHER_RUN = '20261122T102001Z-second';
const NODES = 100;
/** As a container has it: its own processes, and its own host name. */
const CONTAINER = ['unshare', '-Urpfu', '--mount-proc', '--kill-child', 'sh', '-ec', 'hostname inside; "$@"', 'sh'];
const namespaces = await execa('unshare', [...CONTAINER.slice(1), 'true'], { reject: false });
const ATTEMPTS = 3;

let folder: TemporaryFolder;
let store: FileStore;
let live: LiveServer;
let env: Record<string, string>;
let backup: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  live = await startLiveServer();
  await live.graph('g', `UNWIND range(1, ${NODES}) AS i CREATE (:P {id: i})`);
  await live.fill(30);
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: store.url,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_SOURCE: 'bgsave',
  };
  backup = manifestOf(await backUp(live, store)).backupId;
  await live.graph('g', 'CREATE (:Later)');
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const restoring = (runId: string, action: 'restore' | 'plan' = 'restore'): RequestOf<'restore' | 'plan'> => ({
  action,
  target: TARGET,
  runId,
  backup,
  options: ['unproven'],
});
const RECOVER: AgentRequest = { action: 'recover', target: TARGET, runId: RUN };
const wordsOf = (request: AgentRequest) =>
  Object.entries(encodeRequest(request)).map(([name, value]) => `${name}=${value}`);
const argsOf = (request: AgentRequest) => ['execute', ...wordsOf(request), '--json'];
const deliver = (request: AgentRequest) => agentCommand(argsOf(request), { env });
const verdictsOf = async (runId: string) => (await findRun(store, TARGET, runId))?.verdicts ?? [];

/** A restore that stands still in its safety backup: FalkorDB takes no writes. */
async function startFrozen(wrapper: string[] = []): Promise<AgentProcess> {
  await live.setSaveDelay(300_000);
  const agent = await startAgentProcess(argsOf(restoring(RUN)), env, wrapper);
  if (await reached(async () => (await live.info('rdb_bgsave_in_progress')) === '1', agent)) {
    await live.setSaveDelay(0);
    expect(await live.info('role')).toBe('slave');
    return agent;
  }
  throw new Error(`It was over before it was seen: ${JSON.stringify(await agent.ended)}`);
}

async function killFrozen(wrapper: string[] = []): Promise<void> {
  await using agent = await startFrozen(wrapper);
  agent.process.kill('SIGKILL');
  await agent.ended;
  expect(await live.info('role')).toBe('slave');
}

async function expectFree(nodes: number): Promise<void> {
  expect(await live.info('role')).toBe('master');
  await live.client.set('writable', 'yes');
  expect(await live.nodeCounts()).toEqual({ g: nodes });
}

/**
 * So that nobody waits for the minute that it lasts. A process that is only now being killed may renew it once more.
 * @returns how it was before
 */
async function letLeaseExpireIn(seconds: number): Promise<LeaseRecord> {
  for (let attempt = 1; ; attempt++) {
    const { bytes, info } = await readObject(store, leaseKey(TARGET));
    const record = leaseSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
    try {
      await store.put(leaseKey(TARGET), encodeJson({ ...record, expiresAt }), { ifMatch: info.etag });
      return record;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

describe.skipIf(namespaces.exitCode !== 0 && !process.env.CI)('after its container was restarted', () => {
  test('a recovery waits until the lease of the dead agent has run out, and sets FalkorDB free', async () => {
    await killFrozen(CONTAINER);
    const lease = await letLeaseExpireIn(AN_HOUR);
    expect(lease).toMatchObject({ runId: RUN, holder: { host: 'inside' } });
    expect(await agentCommand(['restore', '--recover', '--json'], { env })).toMatchObject({ exitCode: 5 });
    await letLeaseExpireIn(LONGER_THAN_A_START);
    const { exitCode, json, stderr } = await deliver(RECOVER);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ status: 'recovered', runId: RUN, holds: 'old data' });
    expect(stderr).toContain('Waiting for another run to end');
    await expectFree(NODES + 1);
    expect(await verdictsOf(RUN)).toMatchObject([{ verdict: 'failed', failure: { code: 'interrupted' } }]);
  });
});

test('a restore whose agent was killed says so when it is delivered again, until it was recovered', async () => {
  await killFrozen();
  expect(await deliver(restoring(RUN))).toMatchObject({
    exitCode: 10,
    json: { error: { code: 'restore-unfinished', message: expect.stringContaining(RUN) } },
  });
  expect(await live.info('role')).toBe('slave');
  expect(await deliver(RECOVER)).toMatchObject({ exitCode: 0, json: { status: 'recovered' } });
  expect(await deliver(restoring(RUN))).toMatchObject({ exitCode: 0, json: { status: 'duplicate' } });
  await expectFree(NODES + 1);
});

test('a restore that begins while another is planned is named, and not what it does to FalkorDB', async () => {
  await live.client.config('SET', 'replica-read-only', 'no');
  const holder = { ...ownIdentity(), host: 'elsewhere' };
  const leases: Lease[] = [];
  const racing = watched(store, async (call, key) => {
    // The lease was looked at before.
    if (call !== 'get' || !key.endsWith('/manifest.json') || leases.length > 0) return;
    const common = { target: TARGET, runId: RUN };
    const requestedAt = new Date().toISOString();
    await recordRequested(store, { schemaVersion: 1, ...common, verb: 'restore', backupId: backup, requestedAt });
    leases.push(await Lease.acquire(store, { ...common, holder, isDead: () => false, now: () => new Date() }));
  });
  const planning = planOf({ reference: 'latest' }, restoreDeps(live, racing, join(folder.path, 'state')));
  await expect(planning).rejects.toMatchObject({ code: 'lease-held', message: expect.stringContaining(RUN) });
  for (const lease of leases) await lease.release();
  expect(leases).toHaveLength(1);
});

test('while a restore is at work no other one is begun, planned, or told to recover it', async () => {
  await using first = await startFrozen();
  const save = await saveChild(live);
  process.kill(save, 'SIGSTOP');
  const atWork = {
    exitCode: 5,
    json: {
      error: {
        code: 'lease-held',
        retryable: true,
        message: expect.stringContaining(RUN),
        hint: expect.not.stringContaining('recover'),
      },
    },
  };
  const [other, plan, again, byHand, dryRun] = await Promise.all([
    deliver(restoring(OTHER_RUN)),
    deliver(restoring('20261122T102002Z-plan', 'plan')),
    deliver(restoring(RUN)),
    agentCommand(['restore', backup, '--force', '--json'], { env }),
    agentCommand(['restore', backup, '--dry-run', '--json'], { env }),
  ]);
  expect(first.process.exitCode).toBeNull();
  for (const refused of [other, plan, byHand, dryRun]) expect(refused).toMatchObject(atWork);
  expect(again).toMatchObject({ exitCode: 0, json: { status: 'duplicate' } });
  process.kill(save, 'SIGCONT');
  expect(await first.ended).toMatchObject({ exitCode: 0 });
  expect(await verdictsOf(OTHER_RUN)).toMatchObject([{ verdict: 'failed', failure: { code: 'lease-held' } }]);
  expect(await verdictsOf(RUN)).toMatchObject([{ verdict: 'completed' }]);
  await expectFree(NODES);
});
