/* Compresses a file by Node's zstd, as the agent does, at a level, and prints how many bytes that gave: compress.ts <file> <level> */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;

const [path = '', level = '3'] = process.argv.slice(2);
const params = { [constants.ZSTD_c_compressionLevel]: Number(level), [constants.ZSTD_c_checksumFlag]: 1 };
const compressed = createZstdCompress({ chunkSize: CHUNK_BYTES, params });
// The callback is only there because pipeline wants one: its error is also the one that the iteration throws.
pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), compressed, () => {});
let bytes = 0;
for await (const chunk of compressed) bytes += chunk.length;
process.stdout.write(`${bytes}\n`);
