/** What an RDB file says of itself before its first key. */
export interface RdbHeader {
  version: number;
  /** AUX fields: redis-ver, ctime (seconds), used-mem, repl-id and repl-offset where a replica is or was attached, ... */
  aux: ReadonlyMap<string, string>;
}

const MAGIC = 'REDIS';
const VERSION_DIGITS = 4;
const OPCODE_AUX = 0xfa;
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
  const low = first & 0x3f;
  switch (first >> 6) {
    case 0:
      return slice(bytes, start + 1, low);
    case 1:
      return start + 1 < bytes.length ? slice(bytes, start + 2, (low << 8) | bytes.readUInt8(start + 1)) : undefined;
    case 2:
      if (first !== 0x80) throw new RangeError('a header field is too long to be one');
      return start + 5 <= bytes.length ? slice(bytes, start + 5, bytes.readUInt32BE(start + 1)) : undefined;
    default:
      return readInteger(bytes, start + 1, low);
  }
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
