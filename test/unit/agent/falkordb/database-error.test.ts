import { describe, expect, it } from 'vitest';
import { toDatabaseError } from '../../../../agent/falkordb/database-error.ts';
import { BackupError, type ErrorCode } from '../../../../core/model/errors.ts';

const SERVER = 'redis://db:6379';
const system = (code: string, message = `connect ${code} 10.0.0.1:6379`) => Object.assign(new Error(message), { code });

// Replies and errors as Redis 8.2, FalkorDB 4.16 and ioredis word them.
const CASES: [ErrorCode, boolean, unknown][] = [
  ['database-denied', false, new Error('WRONGPASS invalid username-password pair or user is disabled.')],
  ['database-denied', false, new Error('NOAUTH Authentication required.')],
  [
    'database-denied',
    false,
    new Error('ERR AUTH <password> called without any password configured for the default user. Are you sure?'),
  ],
  ['database-denied', false, new Error("NOPERM User backup has no permissions to run the 'bgsave' command")],
  ['database-busy', true, new Error('LOADING Redis is loading the dataset in memory')],
  ['database-busy', true, new Error('BUSY Redis is busy running a script.')],
  ['database-unreachable', true, system('ECONNREFUSED')],
  ['database-unreachable', true, system('ECONNRESET', 'read ECONNRESET')],
  ['database-unreachable', true, system('ENOTFOUND', 'getaddrinfo ENOTFOUND db')],
  ['database-unreachable', true, system('ETIMEDOUT', 'connect ETIMEDOUT')],
  ['database-unreachable', true, system('EPIPE', 'write EPIPE')],
  ['database-unreachable', true, system('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate')],
  ['database-unreachable', true, system('ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname does not match')],
  ['database-unreachable', true, system('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number')],
  ['database-unreachable', true, new Error('Connection is closed.')],
  ['database-unreachable', true, new Error("Stream isn't writeable and enableOfflineQueue options is false")],
  ['database-unreachable', true, new Error('Command timed out')],
  ['database-failed', false, new Error("ERR unknown command 'CONFIG', with args beginning with: 'GET'")],
  ['database-failed', false, new Error('MISCONF Redis is configured to save RDB snapshots')],
  ['database-failed', false, new Error('ERR Background save already in progress')],
  ['database-failed', false, 'no error at all'],
];

describe('toDatabaseError', () => {
  it.each(CASES)('makes %s (worth another try: %s) of %s', (code, retryable, thrown) => {
    const error = toDatabaseError(thrown, SERVER, 'BGSAVE');
    expect(error).toMatchObject({ code, retryable, cause: thrown });
    expect(error.message).toContain(SERVER);
  });

  it('never repeats the arguments of a command that a server does not know, which may be a password', () => {
    const echo = new Error("ERR unknown command 'AUTH', with args beginning with: 'hunter2' \n'more'");
    const { message } = toDatabaseError(echo, SERVER, 'AUTH');
    expect(message).toContain("unknown command 'AUTH'");
    expect(message).not.toMatch(/hunter2|more/);
  });

  it('says which command was refused, and what the server said', () => {
    const { message } = toDatabaseError(new Error('ERR no such key'), SERVER, 'GRAPH.RO_QUERY');
    expect(message).toBe(`FalkorDB at ${SERVER} refused GRAPH.RO_QUERY: ERR no such key`);
    expect(toDatabaseError(new Error('NOPERM no'), SERVER, 'BGSAVE').message).toContain('does not allow BGSAVE');
  });

  it('tells what to do about what the operator can mend', () => {
    for (const [code, , thrown] of CASES) {
      if (code !== 'database-failed') expect(toDatabaseError(thrown, SERVER, 'PING').hint).toMatch(/\w/);
    }
  });

  it('leaves our own errors as they are', () => {
    const error = new BackupError('deadline', 'too late');
    expect(toDatabaseError(error, SERVER, 'PING')).toBe(error);
  });
});
