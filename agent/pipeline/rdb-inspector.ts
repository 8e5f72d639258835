import { createHash } from 'node:crypto';
import { BackupError } from '../../core/model/errors.ts';
import { type Crc64, createJonesCrc64 } from './crc64.ts';
import { MAX_HEADER_BYTES, parseRdbHeader, type RdbHeader } from './rdb-header.ts';

const TRAILER_BYTES = 8;
const OPCODE_EOF = 0xff;

export interface RdbFacts {
  header: RdbHeader;
  bytes: number;
  sha256: string;
  /** `disabled` where the server runs with `rdbchecksum no` and wrote zeroes. */
  checksum: 'verified' | 'disabled';
}

/** Looks at a dump while it passes by; keeps its header and its last bytes, and nothing else. */
export class RdbInspector {
  readonly #name: string;
  readonly #crc: Crc64;
  readonly #sha256 = createHash('sha256');
  #head = Buffer.alloc(0);
  #header: RdbHeader | undefined;
  /** The bytes that may turn out to be the trailer, and the one before them. */
  #tail = Buffer.alloc(0);
  #lastOpcode: number | undefined;
  #bytes = 0;

  private constructor(name: string, crc: Crc64) {
    this.#name = name;
    this.#crc = crc;
  }

  /** @param name what the dump is called in error messages */
  static async create(name: string): Promise<RdbInspector> {
    return new RdbInspector(name, await createJonesCrc64());
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws integrity as soon as it is plain that this is no RDB file */
  update(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#sha256.update(chunk);
    if (!this.#header) this.#readHeader(chunk);
    this.#checksum(chunk);
  }

  /**
   * @param sizeBytes the size the dump should have, where that is known
   * @throws integrity, naming the check that failed
   */
  end(sizeBytes = this.#bytes): RdbFacts {
    const header = this.#header;
    if (this.#bytes !== sizeBytes) throw this.#broken(`it has ${this.#bytes} of ${sizeBytes} bytes`);
    if (this.#bytes === 0) throw this.#broken('the dump is empty');
    if (!header) throw this.#broken('RDB header: the dump ends before its header does');
    if (this.#tail.length < TRAILER_BYTES || this.#lastOpcode !== OPCODE_EOF) {
      throw this.#broken('RDB trailer: the dump does not end as RDB files do');
    }
    const stored = this.#tail.readBigUInt64LE();
    const checksum = stored === 0n ? 'disabled' : 'verified';
    if (checksum === 'verified' && stored !== this.#crc.digest()) {
      throw this.#broken('RDB checksum: the CRC64 of the dump is not the one it ends with');
    }
    return { header, bytes: this.#bytes, sha256: this.#sha256.digest('hex'), checksum };
  }

  /** Feeds the CRC with all but the last bytes seen so far: those may be the trailer. */
  #checksum(chunk: Uint8Array): void {
    const fromTail = Math.min(this.#tail.length, Math.max(0, this.#tail.length + chunk.length - TRAILER_BYTES));
    const fromChunk = Math.max(0, chunk.length - TRAILER_BYTES);
    this.#crc.update(this.#tail.subarray(0, fromTail));
    this.#crc.update(chunk.subarray(0, fromChunk));
    this.#lastOpcode = chunk[fromChunk - 1] ?? this.#tail[fromTail - 1] ?? this.#lastOpcode;
    this.#tail = Buffer.concat([this.#tail.subarray(fromTail), chunk.subarray(fromChunk)]);
  }

  #readHeader(chunk: Uint8Array): void {
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, MAX_HEADER_BYTES)]);
    try {
      this.#header = parseRdbHeader(this.#head);
    } catch (cause) {
      throw this.#broken(`RDB header: ${cause instanceof Error ? cause.message : cause}`, cause);
    }
    if (this.#header) this.#head = Buffer.alloc(0);
    else if (this.#head.length >= MAX_HEADER_BYTES) throw this.#broken('RDB header: it does not end');
  }

  #broken(why: string, cause?: unknown): BackupError {
    return new BackupError('integrity', `${this.#name} is not a whole RDB file: ${why}.`, {
      hint: 'Do not load it. Use another backup, and look for damage where this one is kept.',
      cause,
    });
  }
}
