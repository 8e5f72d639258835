import { BackupError } from '../../core/model/errors.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import type { DumpFile } from './dump-file.ts';
import type { Meta } from './meta.ts';

/** Of a compressed file, a script may have described either: the file, or the dump in it. @throws integrity */
export function assertAsNoted({ path, rdb, measured }: DumpFile, { bytes, checksums }: Meta): void {
  const damaged = (what: string) =>
    new BackupError('integrity', `${path} is not the file that its .meta describes: ${what}.`, {
      hint: 'It was damaged or replaced since it was taken, or the .meta is of another file. Use another dump.',
    });
  if (bytes !== undefined && !measured.some((each) => each.bytes === bytes)) {
    throw damaged(`it has ${measured.map((each) => each.bytes).join(', unpacked ')} bytes, ${bytes} are noted`);
  }
  for (const { algorithm, hex } of checksums) {
    const isRdb = algorithm === 'sha256' && rdb.sha256 === hex;
    if (!isRdb && !measured.some(({ digests }) => digests.get(algorithm) === hex)) {
      throw damaged(`its ${algorithm === 'md5' ? 'MD5' : 'SHA-256'} is not ${hex}`);
    }
  }
}

/** @returns a warning where it was noted as of another tier */
export function compareTier({ type }: Meta, tier: Tier): string[] {
  const noted = TIERS.find((each) => each === type?.toLowerCase());
  return noted && noted !== tier ? [`Its .meta says that it is a ${noted} backup; it is imported as ${tier}.`] : [];
}
