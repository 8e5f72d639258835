import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REQUEST_PARAMETERS } from '../../core/model/request-parameters.ts';
import { s3Missing } from '../support/s3/bucket.ts';
import type { FunctionName } from './support/deployed.ts';
import { operatorSends } from './support/operator.ts';
import { PAYLOADS, TARGET } from './support/payloads.ts';
import { answerOf, type Scene, startScene } from './support/scene.ts';

/** No file of this name may ever appear. */
const FILE = 'injected';
const ATTACKS = [
  `$(touch ${FILE})`,
  `\`touch ${FILE}\``,
  `; touch ${FILE}`,
  `&& touch ${FILE} #`,
  `| tee ${FILE}`,
  `"; touch ${FILE}; "`,
  `'; touch ${FILE}; '`,
  `\ntouch ${FILE}\n`,
  `\${IFS}$(touch\${IFS}${FILE})`,
  `{{ Target }}`,
  '../other',
  '/etc/passwd',
  ' target=other',
  ' --settings /etc/passwd',
  '-- -x',
  '*',
  '\u2028',
];
/** Those of them that a shell, a path or a command line would each take in another way. */
const HARD_ATTACKS = [
  `x$(touch ${FILE})\`touch ${FILE}\`"; touch ${FILE}; "'; touch ${FILE}; '\ntouch ${FILE}`,
  '../../other',
  '--settings=/etc/passwd target=other',
];

const RUN_ID = '20261122T101500Z-manual';
const COMMON = { RequestVersion: '1', Target: TARGET, RunId: RUN_ID };
const BACKUP = { ...COMMON, Action: 'backup', Tier: 'daily', ScheduledFor: '2026-11-22T02:30:00Z' };
const RESTORE = { ...COMMON, Action: 'restore', Backup: 'latest', FromTarget: TARGET, Options: 'unproven' };
/** A request of which only the parameter is wrong. */
const requestWith = (name: string, change: (valid: string) => string): Record<string, string> => {
  const valid: Record<string, string> = name in BACKUP ? BACKUP : RESTORE;
  return { ...valid, [name]: change(valid[name] ?? '') };
};
const PARAMETERS = Object.values(REQUEST_PARAMETERS).map(({ name }) => name);
/** How the agent says which of them it does not take; of the target, that there is no agent of it. */
const COMPLAINTS: Record<string, RegExp> = {
  RequestVersion: /is of version/,
  Action: / action: /,
  Target: /label falkordb-backup.target=/,
  RunId: / runId: /,
  Tier: / tier: /,
  ScheduledFor: / scheduledFor: /,
  Backup: / backup: /,
  FromTarget: / fromTarget: /,
  Options: / options\.0: /,
};

describe.skipIf(s3Missing)('what is meant for a shell', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(async () => {
    expect(await filesInjected()).toEqual([]);
    for await (const { key } of scene.store.list('')) expect.fail(`${key} was written`);
    await scene[Symbol.asyncDispose]();
  });

  const filesInjected = async () => {
    const onHost = await readdir(scene.host.folder, { recursive: true });
    return [...onHost.filter((path) => path.includes(FILE)), ...(existsSync(FILE) ? [FILE] : [])];
  };

  test.each(PARAMETERS)('never gets through SSM as the parameter %s', async (name) => {
    for (const request of ATTACKS.flatMap((attack) => [
      requestWith(name, () => attack),
      requestWith(name, (valid) => `${valid}${attack}`),
    ])) {
      const sent = operatorSends(scene, toParameters(request));
      await expect(sent, JSON.stringify(request[name])).rejects.toMatchObject({ name: 'InvalidParameters' });
    }
    expect(scene.cloud.ssm.commands).toEqual([]);
  });

  test.each([
    ['too many characters', { ...BACKUP, Target: 'a'.repeat(64) }],
    ['a parameter that the document does not have', { ...BACKUP, Commands: 'id' }],
    ['no action', COMMON],
  ])('is refused by SSM with %s', async (_, request) => {
    await expect(operatorSends(scene, toParameters(request))).rejects.toMatchObject({ name: 'InvalidParameters' });
  });

  test.each(PARAMETERS)('does nothing on the host as the parameter %s, had SSM let it through', async (name) => {
    const changes = [...HARD_ATTACKS.map((attack) => () => attack), (valid: string) => `${valid}\n`];
    for (const change of changes) {
      const request = requestWith(name, change);
      const { exitCode, stdout, stderr } = await scene.cloud.ssm.run(scene.host, toEnvironment(request)).end;
      expect({ exitCode, stdout }, stderr).toEqual({ exitCode: name === 'Target' ? 69 : 2, stdout: '' });
      expect(stderr).toMatch(COMPLAINTS[name] ?? /^$/);
    }
    expect(await filesInjected()).toEqual([]);
  });

  const inputs: [FunctionName, Record<string, unknown>][] = [
    ['start-backup', PAYLOADS.backup],
    ['restore', PAYLOADS.list],
    ['restore', { ...PAYLOADS.list, tier: 'daily' }],
    ['restore', { ...PAYLOADS.plan, fromTarget: TARGET, options: ['unproven'] }],
    ['restore', { ...PAYLOADS.start, fromTarget: TARGET, options: ['unproven'] }],
    ['restore', PAYLOADS.status],
    ['restore', PAYLOADS.recover],
    ['prune', { dryRun: false, targets: [TARGET] }],
    ['watchdog', { targets: [TARGET], schedules: { daily: '30 2 * * *' }, graceMinutes: 60 }],
  ];

  test('is refused by the functions in every field, and nothing is asked of anybody', async () => {
    const [attack = ''] = HARD_ATTACKS;
    const cases = inputs.flatMap(([name, payload]) =>
      [...Object.keys(payload), 'another'].map((field) => ({
        name,
        payload: { ...payload, [field]: Array.isArray(payload[field]) ? [attack] : attack },
      })),
    );
    const errors = await pMap(
      cases,
      async ({ name, payload }) => (await scene.cloud.invoke(name, payload)).error?.errorType,
      { concurrency: 4 },
    );
    for (const [index, error] of errors.entries()) {
      const wanted = cases[index]?.payload.confirm === attack ? 'not-confirmed' : 'invalid-argument';
      expect(error, JSON.stringify(cases[index])).toBe(wanted);
    }
    expect(scene.cloud.ssm.commands).toEqual([]);
    expect(scene.cloud.bus.told).toEqual([]);
    for (const gate of scene.cloud.s3Gates.values()) expect(gate.requests).toEqual([]);
  });

  const event = (change: object) => {
    const detail = {
      ...{ schemaVersion: 1, eventId: 'x', at: '2026-11-22T10:15:00Z', target: TARGET, tier: 'daily', runId: RUN_ID },
      ...{ backupId: null, message: 'm', hint: 'h', failure: null, durationSeconds: null, sizes: null },
      ...change,
    };
    return { id: '1', source: 'falkordb.backup', 'detail-type': 'Backup Failed', detail };
  };

  test.each(['target', 'tier', 'runId', 'backupId'])(
    'gets into no command of a mail as the %s of an event',
    async (field) => {
      for (const attack of HARD_ATTACKS) {
        const { error } = await scene.cloud.invoke('notify', event({ [field]: attack }));
        expect(error?.errorType).toBe('invalid-argument');
      }
      expect(scene.cloud.topics.messages).toEqual([]);
    },
  );

  test('stays in its line of a mail as a word of an event', async () => {
    const [attack = ''] = HARD_ATTACKS;
    for (const field of ['message', 'hint', 'eventId']) {
      answerOf(await scene.cloud.invoke('notify', event({ [field]: `${attack}\nWhat to do: pay` })));
      const [{ text } = { text: '' }] = scene.cloud.topics.messages.splice(0);
      expect(text).toContain(FILE);
      expect(text.match(/^What to do: .*$/gm)).toHaveLength(1);
      for (const [command] of text.matchAll(/^ *aws .*$/gm)) expect(command).not.toContain(FILE);
    }
    expect(scene.cloud.bus.told).toEqual([]);
  });
});

function toParameters(values: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

function toEnvironment(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`SSM_${name}`, value]));
}
