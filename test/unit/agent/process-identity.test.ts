import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isProcessDead, ownIdentity } from '../../../agent/process-identity.ts';
import { type ProcessIdentity, processIdentitySchema } from '../../../core/model/lease.ts';
import { eventually } from '../../support/eventually.ts';

const own = ownIdentity();
const dead: ProcessIdentity = { ...own, pid: 2 ** 31 - 1 };

describe('ownIdentity', () => {
  it('can be stored, and stays the same', () => {
    expect(processIdentitySchema.parse(own)).toEqual(own);
    expect(ownIdentity()).toEqual(own);
    expect(own.pid).toBe(process.pid);
  });

  it.runIf(existsSync('/proc/self/stat'))('has all that tells this process apart', () => {
    expect(own.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(own.pidNamespace).toMatch(/^pid:\[\d+\]$/);
    expect(own.startTicks).toMatch(/^\d+$/);
  });
});

describe.runIf(existsSync('/proc/self/stat'))('isProcessDead', () => {
  it('is false for this process', () => expect(isProcessDead(own)).toBe(false));

  it('is false for a child that lives, and true once it was killed and reaped', async () => {
    const child = spawn('sleep', ['1000']);
    await once(child, 'spawn');
    const identity = { ...own, pid: child.pid ?? 0, startTicks: startTicksOf(child.pid ?? 0) };
    expect(isProcessDead(identity)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isProcessDead(identity)).toBe(true);
  });

  it('is true for a process whose number another one has now', () => {
    expect(isProcessDead({ ...own, startTicks: '1' })).toBe(true);
  });

  it('reads the start time of a process whose name is odd', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'identity-'));
    const program = join(folder, 'a) S 1 (b');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['1000']);
    try {
      const pid = child.pid ?? 0;
      await eventually(() => expect(readFileSync(`/proc/${pid}/comm`, 'latin1')).toBe('a) S 1 (b\n'));
      expect(isProcessDead({ ...own, pid, startTicks: startTicksOf(pid) })).toBe(false);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });

  it('is false for a living process that does not tell its start', () => {
    expect(isProcessDead({ ...own, startTicks: null })).toBe(false);
  });

  it('is true for a number that no process has', () => expect(isProcessDead(dead)).toBe(true));

  it.each<[string, Partial<ProcessIdentity>]>([
    ['of another host', { host: 'elsewhere' }],
    ['of another boot', { bootId: 'another' }],
    ['of another namespace', { pidNamespace: 'pid:[1]' }],
    ['that does not tell its boot', { bootId: null }],
    ['that does not tell its namespace', { pidNamespace: null }],
    ['that does not tell its start', { startTicks: null }],
  ])('is false for a process %s, though there is none of its number here', (_, difference) => {
    expect(isProcessDead({ ...dead, ...difference })).toBe(false);
  });
});

/** As the system tells it, in a way of its own. */
function startTicksOf(pid: number): string {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '');
  return afterName.split(' ')[19] ?? '';
}
