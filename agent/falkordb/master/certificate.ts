import { createSecureContext } from 'node:tls';
import { BackupError } from '../../../core/model/errors.ts';

/** PEM, as text. */
export interface Certificate {
  cert: string;
  key: string;
}

/** @throws invalid-settings where one of them is no PEM, or they do not belong together */
export function assertUsable(certificate: Certificate): void {
  try {
    createSecureContext(certificate);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BackupError(
      'invalid-settings',
      `The certificate in RESTORE_TLS_CERT_FILE and the key in RESTORE_TLS_KEY_FILE cannot be used: ${why}.`,
      {
        hint: 'Both are PEM files, and the key is the one that the certificate was made for, without a passphrase.',
        cause,
      },
    );
  }
}
