import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Cli } from '../../../../agent/cli/cli.ts';
import { confirm } from '../../../../agent/cli/confirm.ts';
import { BackupError } from '../../../../core/model/errors.ts';

/** A terminal at which somebody types `typed`, or a pipe. */
function session(typed: string | undefined, signal = new AbortController().signal): { cli: Cli; shown: () => string } {
  const isTTY = typed !== undefined;
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  stdin.write(typed ?? '');
  const cli = {
    program: 'falkordb-backup',
    env: {},
    stdin,
    stdout: new PassThrough(),
    stderr,
    now: () => new Date(),
    signal,
    exitCode: 0,
  };
  return { cli, shown: () => String(stderr.read() ?? '') };
}

describe('confirm', () => {
  it('asks on a terminal, after it has explained, for the name of the target', async () => {
    const { cli, shown } = session('prod\n');
    await confirm(cli, {}, 'prod', 'the plan\n');
    expect(shown()).toMatch(/^the plan\n.*Type "prod"/s);
  });

  it.each(['', 'yes', 'Prod', 'prod-2', 'y'])('takes "%s" for no', async (typed) => {
    const { cli } = session(`${typed}\n`);
    await expect(confirm(cli, {}, 'prod', '')).rejects.toMatchObject({ code: 'not-confirmed' });
  });

  it('takes the name from a flag, and it must be right', async () => {
    const { cli, shown } = session(undefined);
    await confirm(cli, { confirm: 'prod' }, 'prod', 'the plan');
    await expect(confirm(cli, { confirm: 'staging' }, 'prod', '')).rejects.toMatchObject({ code: 'not-confirmed' });
    expect(shown()).toBe('');
  });

  it('does not ask with --force', async () => {
    const { cli, shown } = session(undefined);
    await confirm(cli, { force: true }, 'prod', 'the plan');
    expect(shown()).toBe('');
  });

  it('refuses where nobody can be asked, and says what to give', async () => {
    const { cli } = session(undefined);
    await expect(confirm(cli, {}, 'prod', '')).rejects.toMatchObject({
      code: 'not-confirmed',
      hint: expect.stringContaining('--confirm prod'),
    });
  });

  it('ends with Ctrl-C', async () => {
    const stop = new AbortController();
    const { cli } = session('', stop.signal);
    const asked = confirm(cli, {}, 'prod', '');
    stop.abort(new BackupError('interrupted', 'Stopped by SIGINT.'));
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('takes the end of the input for no', async () => {
    const { cli } = session('');
    const asked = confirm(cli, {}, 'prod', '');
    cli.stdin.push(null);
    await expect(asked).rejects.toMatchObject({ code: 'not-confirmed' });
  });
});
