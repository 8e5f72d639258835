import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorCode } from '../../core/model/errors.ts';

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
} as const;

export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
}

/** Beside the bundle; of a clone that runs from source, what `npm run build` has made. */
export function defaultPageFolder(): string {
  const isSource = import.meta.url.endsWith('/agent/web/page-files.ts');
  return fileURLToPath(new URL(isSource ? '../../dist/web' : 'web', import.meta.url));
}

/**
 * The files of the page by path, read once; there is nothing else to ask for.
 * @throws the system's error, other than that a file is not there
 */
export function readPageFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const [name, type] of Object.entries(TYPES)) {
    const bytes = readIfPresent(join(folder, name));
    if (!bytes) continue;
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    files.set(name === 'index.html' ? '/' : `/${name}`, { bytes, type, etag });
  }
  return files;
}

function readIfPresent(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
