import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of the store of a service whose folder this is. */
export function storeUrlIn(folder: string): string {
  return pathToFileURL(join(folder, 'store')).href;
}
