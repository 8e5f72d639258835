import { parseScriptTime } from './zoned-time.ts';

export type Algorithm = 'sha256' | 'md5';

/** What a script noted beside a dump, as far as it can be used. */
export interface Meta {
  takenAt: Date | undefined;
  bytes: number | undefined;
  checksums: { algorithm: Algorithm; hex: string }[];
  /** As it is written there. */
  type: string | undefined;
  /** What was meant to be one of those and cannot be used, a sentence each. */
  warnings: string[];
}

/** Names in use, without case, blanks, dashes and underscores; the first that holds something usable counts. */
const TIMES = ['timestamp', 'takenat', 'createdat', 'backuptime', 'startedat', 'starttime', 'datetime', 'date', 'time'];
const SIZES = ['size', 'sizebytes', 'bytes', 'filesize', 'backupsize'];
const CHECKSUMS = [
  'checksum',
  'sha256',
  'sha256sum',
  'checksumsha256',
  'md5',
  'md5sum',
  'checksummd5',
  'hash',
  'digest',
];
const TYPES = ['type', 'backuptype', 'tier'];
const ALGORITHM_OF: Record<number, Algorithm> = { 64: 'sha256', 32: 'md5' };

export const NO_META: Meta = { takenAt: undefined, bytes: undefined, checksums: [], type: undefined, warnings: [] };

/** @param name what it is called in warnings */
export function parseMeta(text: string, name: string): Meta {
  const fields = fieldsOf(text);
  if (!fields) return { ...NO_META, warnings: [`${name} is no JSON object: it was not used.`] };
  const warnings: string[] = [];
  const first = <T>(names: string[], read: (value: unknown) => T | undefined, complaint?: string): T | undefined => {
    const given = names.flatMap((each) => fields.get(each) ?? []);
    const found = given.map(({ value }) => read(value)).find((value) => value !== undefined);
    const [unused] = given;
    if (found === undefined && unused && complaint)
      warnings.push(`${name}: ${unused.name} ${JSON.stringify(unused.value)} ${complaint}`);
    return found;
  };
  return {
    takenAt: first(TIMES, parseScriptTime, 'is no time with a zone: it was not used.'),
    bytes: first(SIZES, parseBytes, 'is no number of bytes: it was not checked.'),
    checksums: CHECKSUMS.flatMap(
      (each) => first([each], parseChecksum, 'is no SHA-256 and no MD5: not checked.') ?? [],
    ),
    type: first(TYPES, (value) => (typeof value === 'string' ? value : undefined)),
    warnings,
  };
}

interface Field {
  name: string;
  value: unknown;
}

function fieldsOf(text: string): Map<string, Field> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const fields = new Map<string, Field>();
  for (const [name, value] of Object.entries(json)) {
    const plain = name.toLowerCase().replaceAll(/[\s_-]/g, '');
    if (value !== null && value !== '' && !fields.has(plain)) fields.set(plain, { name, value });
  }
  return fields;
}

function parseBytes(value: unknown): number | undefined {
  const bytes = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

/** As `sha256sum` prints it, too, with the file's name behind; or with the algorithm's before. */
function parseChecksum(value: unknown): Meta['checksums'][number] | undefined {
  if (typeof value !== 'string') return undefined;
  const [, hex = ''] = /^(?:[\w-]+[:=])?\s*\\?([0-9a-f]+)(?:\s|$)/i.exec(value.trim()) ?? [];
  const algorithm = ALGORITHM_OF[hex.length];
  return algorithm && { algorithm, hex: hex.toLowerCase() };
}
