import { expect, test } from 'vitest';
import { decodeRequest } from '../../../../core/model/request.ts';
import { fromSsmParameters, REQUEST_PARAMETERS } from '../../../../core/model/request-parameters.ts';
import { sendRequest } from '../../../../lambdas/commands/send-request.ts';
import { FakeSystemsManager } from '../../../support/fake-systems-manager.ts';

const RESTORE = {
  action: 'restore',
  target: 'shop',
  runId: '20261122T023000Z-a1b2c3d4',
  backup: 'latest:daily',
  options: ['unproven'],
} as const;

test('sends the request to the instance of the target, with the run id as comment', async () => {
  const ssm = new FakeSystemsManager();
  const deps = { ssm, document: 'Our-Document', targetTag: 'our-tag' };
  ssm.addInstance('other');
  const instanceId = ssm.addInstance('shop');
  const request = { ...RESTORE, options: [...RESTORE.options] };
  expect(await sendRequest(request, deps)).toEqual({ commandId: 'command-1', instanceId });
  expect(ssm.tagsSought).toEqual(['our-tag=shop']);
  const [sent] = ssm.sent;
  expect(sent).toMatchObject({ document: 'Our-Document', instanceId, comment: request.runId });
  expect(decodeRequest(fromSsmParameters(sent?.parameters ?? {}))).toEqual(request);
  for (const { name, allowedPattern } of Object.values(REQUEST_PARAMETERS))
    expect(sent?.parameters[name]?.[0]).toMatch(new RegExp(allowedPattern));
});

test('sends a request that is no run', async () => {
  const ssm = new FakeSystemsManager();
  ssm.addInstance('shop');
  await sendRequest({ action: 'doctor', target: 'shop' }, { ssm, document: 'd', targetTag: 't' });
  expect(ssm.sent).toMatchObject([{ comment: 'doctor' }]);
});

test('sends nothing where no instance can take it', async () => {
  const ssm = new FakeSystemsManager();
  ssm.addInstance('shop', { isOnline: false });
  const sending = sendRequest({ action: 'doctor', target: 'shop' }, { ssm, document: 'd', targetTag: 't' });
  await expect(sending).rejects.toMatchObject({ code: 'command-refused' });
  expect(ssm.sent).toEqual([]);
});
