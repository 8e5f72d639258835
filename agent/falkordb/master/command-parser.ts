/** What a replica sends are a few short words; more without an end is no replica. */
const MAX_PENDING_BYTES = 16 * 1024;
const MAX_WORDS = 32;
const NEWLINE = 10;
const MAX_WORD_BYTES = 4 * 1024;

/** Reads commands, as arrays of bulk strings (RESP), from bytes in whatever pieces they arrive. */
export class CommandParser {
  #pending: Buffer = Buffer.alloc(0);

  /** The commands that are complete now. @throws RangeError for anything that no replica would send */
  push(chunk: Buffer): string[][] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const commands: string[][] = [];
    for (;;) {
      // A replica that loads sends one each second, as a sign of life.
      while (this.#pending[0] === NEWLINE) this.#pending = this.#pending.subarray(1);
      const parsed = parseCommand(this.#pending);
      if (!parsed) break;
      commands.push(parsed.words);
      this.#pending = this.#pending.subarray(parsed.end);
    }
    if (this.#pending.length > MAX_PENDING_BYTES) throw new RangeError('a command has no end');
    return commands;
  }
}

function parseCommand(bytes: Buffer): { words: string[]; end: number } | undefined {
  const count = readCount(bytes, 0, '*', MAX_WORDS);
  if (!count) return undefined;
  const words: string[] = [];
  let { end } = count;
  for (let word = 0; word < count.value; word++) {
    const size = readCount(bytes, end, '$', MAX_WORD_BYTES);
    if (!size || bytes.length < size.end + size.value + 2) return undefined;
    words.push(bytes.toString('utf8', size.end, size.end + size.value));
    end = size.end + size.value + 2;
  }
  return { words, end };
}

/** `*3\r\n` or `$5\r\n`. */
function readCount(
  bytes: Buffer,
  start: number,
  sign: string,
  max: number,
): { value: number; end: number } | undefined {
  if (start >= bytes.length) return undefined;
  const end = bytes.indexOf('\r\n', start);
  const line = bytes.toString('latin1', start, end < 0 ? Math.min(bytes.length, start + 16) : end);
  if (line[0] !== sign) throw new RangeError('it is not a command');
  if (end < 0) {
    if (line.length >= 16) throw new RangeError('a length has no end');
    return undefined;
  }
  const value = /^\d{1,6}$/.test(line.slice(1)) ? Number(line.slice(1)) : Number.NaN;
  if (Number.isNaN(value) || value > max) throw new RangeError('a length is out of range');
  return { value, end: end + 2 };
}
