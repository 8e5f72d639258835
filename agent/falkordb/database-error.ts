import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * What an error of the client or a reply of the server means to an operator.
 * @param server the server's address as it may be shown
 * @param command the command that was refused, without its arguments
 */
export function toDatabaseError(error: unknown, server: string, command: string): BackupError {
  if (error instanceof BackupError) return error;
  // A server that does not know a command quotes its arguments, and those of AUTH are a secret.
  const message = (error instanceof Error ? error.message : String(error)).replace(
    /,? with args beginning with.*/s,
    '',
  );
  const [word = ''] = message.split(' ');
  if (['WRONGPASS', 'NOAUTH'].includes(word) || /without any password configured/.test(message)) {
    return new BackupError('database-denied', `FalkorDB at ${server} refused the credentials.`, {
      hint: 'Check the user and password in FALKORDB_URL, or FALKORDB_PASSWORD_FILE.',
      cause: error,
    });
  }
  if (word === 'NOPERM') {
    return new BackupError('database-denied', `FalkorDB at ${server} does not allow ${command} to this user.`, {
      hint: 'Give the user the commands that docs/configuration.md lists for a backup.',
      cause: error,
    });
  }
  if (word === 'LOADING' || word === 'BUSY') {
    return new BackupError('database-busy', `FalkorDB at ${server} is busy: ${message}`, {
      hint: 'Try again when it has loaded its data.',
      retryable: true,
      cause: error,
    });
  }
  if (isConnectionLoss(error, message)) {
    return new BackupError('database-unreachable', `FalkorDB at ${server} cannot be reached (${command}): ${message}`, {
      hint: 'Check that it runs, and host, port and rediss:// or redis:// in FALKORDB_URL.',
      retryable: true,
      cause: error,
    });
  }
  return new BackupError('database-failed', `FalkorDB at ${server} refused ${command}: ${message}`, {
    hint: 'The log of FalkorDB may say more; "falkordb-backup doctor" looks at what usually is wrong.',
    cause: error,
  });
}

function isConnectionLoss(error: unknown, message: string): boolean {
  const code = systemErrorCode(error) ?? '';
  const isTls = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || /certificate|self-signed/i.test(message);
  return (
    UNREACHABLE.has(code) ||
    isTls ||
    /Connection is closed|Connection timeout|Command timed out|writeable/i.test(message)
  );
}
