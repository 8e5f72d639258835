/** What an RDB file says of itself before its first key. */
export interface RdbHeader {
  version: number;
  /** AUX fields: redis-ver, ctime (seconds), used-mem, repl-id and repl-offset where a replica is or was attached, ... */
  aux: ReadonlyMap<string, string>;
}

const MAGIC = 'REDIS';
const VERSION_DIGITS = 4;
const OPCODE_AUX = 0xfa;
/** The two highest bits of what is not a length but names another encoding. */
const ENCODED = 3;
const LZF = 3;
/** The handful of AUX fields Redis writes take some 200 bytes. */
export const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Reads the header from the first bytes of a file; undefined where they end before it does.
 * Source of the format: rdb.c of Redis (rdbSaveInfoAuxFields, rdbLoadLenByRef).
 * @throws RangeError where the bytes are no RDB file at all
 */
export function parseRdbHeader(bytes: Buffer): RdbHeader | undefined {
  const magicLength = MAGIC.length + VERSION_DIGITS;
  if (bytes.length < magicLength) return undefined;
  const version = bytes.toString('latin1', MAGIC.length, magicLength);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || !/^\d{4}$/.test(version)) {
    throw new RangeError('it does not start with REDIS and a version');
  }
  const aux = new Map<string, string>();
  let offset = magicLength;
  while (bytes[offset] === OPCODE_AUX) {
    const key = readString(bytes, offset + 1);
    const value = key && readString(bytes, key.end);
    if (!value) return undefined;
    aux.set(key.text, value.text);
    offset = value.end;
  }
  return offset < bytes.length ? { version: Number(version), aux } : undefined;
}

interface TextAt {
  text: string;
  end: number;
}

function readString(bytes: Buffer, start: number): TextAt | undefined {
  const first = bytes[start];
  if (first === undefined) return undefined;
  const encoding = first & 0x3f;
  if (first >> 6 === ENCODED) {
    return encoding === LZF ? skipCompressed(bytes, start + 1) : readInteger(bytes, start + 1, encoding);
  }
  const at = readLength(bytes, start);
  return at && slice(bytes, at.end, at.length);
}

function readLength(bytes: Buffer, start: number): { length: number; end: number } | undefined {
  const first = bytes[start];
  if (first === undefined) return undefined;
  const low = first & 0x3f;
  switch (first >> 6) {
    case 0:
      return { length: low, end: start + 1 };
    case 1:
      return start + 1 < bytes.length ? { length: (low << 8) | bytes.readUInt8(start + 1), end: start + 2 } : undefined;
    case 2:
      if (first !== 0x80) throw new RangeError('a header field is too long to be one');
      return start + 5 <= bytes.length ? { length: bytes.readUInt32BE(start + 1), end: start + 5 } : undefined;
    default:
      throw new RangeError('a header field has no length');
  }
}

/** Redis may compress text of more than 20 bytes; no field that we read is that long. */
function skipCompressed(bytes: Buffer, start: number): TextAt | undefined {
  const compressed = readLength(bytes, start);
  const plain = compressed && readLength(bytes, compressed.end);
  if (!compressed || !plain) return undefined;
  const skipped = slice(bytes, plain.end, compressed.length);
  return skipped && { text: '', end: skipped.end };
}

function slice(bytes: Buffer, start: number, length: number): TextAt | undefined {
  if (length > MAX_HEADER_BYTES) throw new RangeError('a header field is too long to be one');
  const end = start + length;
  return end <= bytes.length ? { text: bytes.toString('utf8', start, end), end } : undefined;
}

function readInteger(bytes: Buffer, start: number, encoding: number): TextAt | undefined {
  const size = [1, 2, 4][encoding];
  if (size === undefined) throw new RangeError(`a header field has the unknown encoding ${encoding}`);
  const end = start + size;
  return end <= bytes.length ? { text: String(bytes.readIntLE(start, size)), end } : undefined;
}
