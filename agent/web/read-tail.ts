import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemErrorCode } from '../../core/model/errors.ts';

/**
 * The last whole lines of a file, of so many bytes at most; nothing where there is no file.
 * @throws the system's error
 */
export function readTail(path: string, maxBytes: number): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(0, size - maxBytes);
    const bytes = Buffer.alloc(size - start);
    const text = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start)).toString();
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(fd);
  }
}
