import { describe, expect, it } from 'vitest';
import {
  BackupError,
  type ErrorCode,
  EXIT_CODES,
  hasCode,
  systemErrorCode,
  toBackupError,
} from '../../../../core/model/errors.ts';

/** Scripts branch on these: a change here is a change of what the program promises. */
const EXPECTED: Record<ErrorCode, number> = {
  internal: 1,
  'invalid-settings': 2,
  'invalid-argument': 2,
  'backup-not-found': 3,
  integrity: 4,
  'unreadable-manifest': 4,
  'lease-held': 5,
  'lease-lost': 5,
  'database-unreachable': 6,
  'database-denied': 6,
  'database-unsuitable': 6,
  'database-busy': 6,
  'database-failed': 6,
  'dump-not-ours': 6,
  'engine-missing': 6,
  'store-invalid-key': 7,
  'store-not-found': 7,
  'store-precondition-failed': 7,
  'store-denied': 7,
  'store-full': 7,
  'store-unavailable': 7,
  'no-room': 6,
  'not-confirmed': 2,
  deadline: 8,
  'restore-unfinished': 10,
  'not-delivered': 11,
  'command-refused': 12,
  'command-failed': 12,
  interrupted: 130,
};

describe('exit codes', () => {
  it.each(Object.entries(EXPECTED) as [ErrorCode, number][])('of %s is %i', (code, exitCode) => {
    expect(new BackupError(code, 'm').exitCode).toBe(exitCode);
    expect(Object.values(EXIT_CODES)).toContain(exitCode);
  });

  it('are all different, and never 0 for a failure', () => {
    const codes = Object.values(EXIT_CODES);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Object.values(EXPECTED)).not.toContain(EXIT_CODES.success);
  });
});

describe('BackupError', () => {
  it('is not worth trying again unless it says so', () => {
    expect(new BackupError('deadline', 'm')).toMatchObject({ retryable: false, hint: undefined, name: 'BackupError' });
    expect(new BackupError('deadline', 'm', { retryable: true, hint: 'h' })).toMatchObject({
      retryable: true,
      hint: 'h',
    });
  });

  it('has a cause only where one was given', () => {
    expect('cause' in new BackupError('deadline', 'm')).toBe(false);
    expect(new BackupError('deadline', 'm', { cause: 'c' }).cause).toBe('c');
  });

  it('is told by its code', () => {
    expect(hasCode(new BackupError('deadline', 'm'), 'deadline')).toBe(true);
    expect(hasCode(new BackupError('deadline', 'm'), 'integrity')).toBe(false);
    expect(hasCode(Object.assign(new Error('m'), { code: 'deadline' }), 'deadline')).toBe(false);
  });
});

describe('toBackupError', () => {
  it('returns one of ours as it is', () => {
    const error = new BackupError('integrity', 'm');
    expect(toBackupError(error)).toBe(error);
  });

  it.each([
    [new TypeError('broken'), 'broken'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
  ])('makes an internal error of %s and keeps it as the cause', (thrown, message) => {
    const error = toBackupError(thrown);
    expect(error).toMatchObject({ code: 'internal', message });
    expect(error.cause).toBe(thrown);
  });
});

describe('systemErrorCode', () => {
  it('returns the code of a system error and of nothing else', () => {
    expect(systemErrorCode(Object.assign(new Error('m'), { code: 'ENOSPC' }))).toBe('ENOSPC');
    for (const other of [new Error('m'), Object.assign(new Error('m'), { code: 7 }), { code: 'ENOSPC' }, null]) {
      expect(systemErrorCode(other)).toBeUndefined();
    }
  });
});
