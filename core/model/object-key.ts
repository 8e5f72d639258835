import { BackupError } from './errors.ts';

// S3's own bound is 1,024 bytes; a file system's is 255 a segment.
const MAX_KEY_LENGTH = 1000;
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._=-]{0,199}$/;

/**
 * Keys are paths of plain segments: none is empty, none starts with a dot, so that no key can leave a store's root or
 * hide among a store's own files.
 */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && key.split('/').every((segment) => SEGMENT.test(segment));
}

/** @throws store-invalid-key */
export function assertObjectKey(key: string): void {
  if (isObjectKey(key)) return;
  throw new BackupError('store-invalid-key', `Not an object key: ${JSON.stringify(key.slice(0, 200))}.`, {
    hint: 'Keys are segments of letters, digits and ._=- joined by "/"; none may start with a dot.',
  });
}
