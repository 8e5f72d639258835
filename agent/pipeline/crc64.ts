import { createCRC64 } from 'hash-wasm';

/** CRC-64 "Jones" as Redis ends its RDB files with: reflected, start 0, no final xor (crc64.c of Redis). */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  digest(): bigint;
}

const JONES_REFLECTED = '95ac9329ac4bc9b5';
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

export async function createJonesCrc64(): Promise<Crc64> {
  const hash = await createCRC64(JONES_REFLECTED);
  hash.init();
  // hash-wasm starts and ends with all ones: eight bytes of ones bring its register to the 0 that Redis starts from.
  hash.update(new Uint8Array(8).fill(0xff));
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => BigInt(`0x${hash.digest('hex')}`) ^ ALL_ONES,
  };
}
