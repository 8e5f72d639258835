import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemErrorCode } from '../../core/model/errors.ts';
import { type Meta, NO_META, parseMeta } from './meta.ts';

/** Those of scripts have some hundred bytes. */
const MAX_META_BYTES = 1024 * 1024;

/**
 * What lies beside a dump under its name with `.meta`: behind it, behind its name without `.gz`, or instead of its
 * ending. One that cannot be used is a warning: the dump itself says enough.
 */
export async function readMeta(dumpPath: string): Promise<Meta> {
  const plain = dumpPath.replace(/\.gz$/, '');
  for (const path of new Set([`${dumpPath}.meta`, `${plain}.meta`, `${plain.replace(/\.rdb$/, '')}.meta`])) {
    const text = await readIfPresent(path);
    if (text === undefined) continue;
    const name = basename(path);
    return 'problem' in text
      ? { ...NO_META, warnings: [`${name} ${text.problem}: it was not used.`] }
      : parseMeta(text.text, name);
  }
  return NO_META;
}

async function readIfPresent(path: string): Promise<{ text: string } | { problem: string } | undefined> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_META_BYTES) return { problem: `has ${size} bytes, more than any description` };
    // Takes away a byte order mark.
    return { text: new TextDecoder().decode(await file.readFile()) };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? undefined : { problem: `cannot be read (${code})` };
  }
}
