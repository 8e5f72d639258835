import { describe, expect, it } from 'vitest';
import { commandFailure, type EndedCommand } from '../../../../lambdas/track-command/command-failure.ts';

const ended = (facts: Partial<EndedCommand> = {}): EndedCommand => ({
  commandId: 'c-1',
  instanceId: 'i-1',
  status: 'Failed',
  exitCode: 1,
  stderr: '',
  ...facts,
});

const failureOf = (facts: Partial<EndedCommand>) => commandFailure('backup', 'shop', ended(facts));

describe('commandFailure', () => {
  it('says what ended where and how', () => {
    expect(failureOf({ exitCode: 2, stderr: 'Wrong.\n' })).toMatchObject({
      code: 'command-failed',
      message: 'The command "backup" for target shop on i-1 ended as Failed with exit code 2: Wrong.',
      hint: expect.stringContaining('c-1'),
    });
    expect(failureOf({ status: 'Undeliverable', exitCode: null }).message).toBe(
      'The command "backup" for target shop on i-1 ended as Undeliverable.',
    );
  });

  it.each([
    [{ status: 'Undeliverable', exitCode: null }, /offline/],
    [{ status: 'DeliveryTimedOut', exitCode: null }, /offline/],
    [{ status: 'Delivery Timed Out', exitCode: null }, /offline/],
    [{ status: 'TimedOut', exitCode: 137 }, /timeout of commands/],
    [{ status: 'Execution Timed Out', exitCode: null }, /timeout of commands/],
    [{ status: 'Cancelled', exitCode: null }, /cancelled/],
    [{ exitCode: 137 }, /memory/],
    [{ exitCode: 69 }, /docs\/install-agent\.md/],
    [{ exitCode: 1 }, /log of the agent/],
    [{ exitCode: null }, /log of the agent/],
  ])('says what to do about %j', (facts, hint) => expect(failureOf(facts).hint).toMatch(hint));

  it('says of a recovery that FalkorDB may be frozen, whatever went wrong', () => {
    for (const facts of [{ exitCode: 69 }, { exitCode: 137 }, { status: 'Undeliverable', exitCode: null }])
      expect(commandFailure('recover', 'shop', ended(facts)).hint).toMatch(/may be frozen.*restore --recover/);
    expect(commandFailure('recover', 'shop', ended({ exitCode: 5 })).hint).toMatch(/still at work/);
  });

  it('repeats the last lines of what was said, in one line, without what moves a cursor', () => {
    const stderr =
      'one\ntwo\r\n\u001b[31mthree\u001b[0m\n\nfo\u0007ur\u009b\n  five\tsix  \nfailed to run commands: exit status 2\n';
    expect(failureOf({ stderr }).message).toMatch(/: three fo ur five six$/);
  });

  it('bounds what it repeats', () => {
    const { message } = failureOf({ stderr: `${'x'.repeat(7990)}end` });
    expect(message).toMatch(/: …x+end$/);
    expect(message.length).toBeLessThan(600);
  });
});
