import { describe, expect, test } from 'vitest';
import { s3Missing } from '../support/s3/bucket.ts';
import type { HostOptions } from './support/host.ts';
import { operatorSends } from './support/operator.ts';
import { PAYLOADS, TARGET } from './support/payloads.ts';
import { answerOf, startScene, TAG } from './support/scene.ts';

const RUN_ID = '20261122T101500Z-manual';

describe.skipIf(s3Missing)('a host that is not as it should be', () => {
  const cases: [string, Partial<HostOptions>, RegExp, RegExp][] = [
    ['is offline', { isOnline: false }, /i-0123456789abcdef0 is not Online/, /Start the instance/],
    [
      'has an old SSM agent',
      { ssmAgentVersion: '3.3.2299.0' },
      /is 3\.3\.2299\.0; requests need 3\.3\./,
      /AWS-UpdateSSMAgent/,
    ],
    ['does not carry the tag', { tags: { Name: 'x' } }, /No managed instance has the tag/, /Tag the instance/],
    ['has no agent of the target', { containers: {} }, /No running container has the label/, /docs\/install-agent\.md/],
  ];

  test.each(cases)('and %s is named, with what to do', async (_, options, message, hint) => {
    await using scene = await startScene(options);
    const { cloud } = scene;
    answerOf(await cloud.invoke('start-backup', PAYLOADS.backup));
    await cloud.settled();
    expect(await scene.run(RUN_ID)).toMatchObject({ verdicts: [{ verdict: 'failed' }] });
    expect(scene.told('Backup Failed')).toMatchObject([
      { detail: { runId: RUN_ID, message: expect.stringMatching(message), hint: expect.stringMatching(hint) } },
    ]);
    expect(scene.mails()).toEqual([expect.stringMatching(hint)]);
  });

  test('and shares its tag with another is refused, naming both', async () => {
    await using scene = await startScene();
    const { cloud } = scene;
    const containers = { [TARGET]: { FALKORDB_URL: scene.live.server.url } };
    await cloud.addHost({ instanceId: 'i-0aaaaaaaaaaaaaaaa', tags: { [TAG]: TARGET }, containers });
    const { targets } = answerOf(await cloud.invoke('start-backup', PAYLOADS.backup));
    await cloud.settled();
    expect(targets).toMatchObject([
      { outcome: 'failed', error: expect.stringMatching(/i-0123456789abcdef0, i-0aaaaaaaaaaaaaaaa/) },
    ]);
    expect(cloud.ssm.commands).toEqual([]);
  });

  test('and has an old SSM agent runs nothing, whoever sends a command there', async () => {
    await using scene = await startScene({ ssmAgentVersion: '3.3.2299.0' });
    const command = await operatorSends(scene, { Action: ['doctor'], Target: [TARGET] });
    expect(command).toMatchObject({
      status: 'Failed',
      end: { stdout: '', stderr: expect.stringContaining('older than') },
    });
  });

  test('and carries the tag of another target does nothing', async () => {
    await using scene = await startScene({
      installed: { [TARGET]: { BACKUP_TARGET: 'other', FALKORDB_URL: 'redis://127.0.0.1:1' } },
      containers: {},
    });
    const { cloud } = scene;
    answerOf(await cloud.invoke('start-backup', PAYLOADS.backup));
    await cloud.settled();
    expect(scene.told('Backup Failed')).toMatchObject([
      { by: 'track-command', detail: { message: expect.stringContaining('stands beside other') } },
    ]);
  });

  test('is found out by doctor, as docs/install-agent.md asks for it', async () => {
    await using scene = await startScene();
    const command = await operatorSends(scene, { Action: ['doctor'], Target: [TARGET] });
    expect(command).toMatchObject({ status: 'Success', end: { exitCode: 0 } });
    expect(command.end?.stdout).toContain('FalkorDB');
    // It may list the unfinished uploads of its own target no more than those of others.
    expect(scene.cloud.access.refused.splice(0)).toEqual([expect.stringMatching(/ s3:ListBucketMultipartUploads /)]);
  });
});
