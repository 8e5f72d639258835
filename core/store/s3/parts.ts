const MIB = 1024 * 1024;
/** S3 takes at most 10,000 parts an object; the room left covers what compression can add to what does not compress. */
const USED_PARTS = 9_500;
const MIN_PART_BYTES = 8 * MIB;
/** What parts under way may take in memory together, as long as the object is small enough for that. */
const BUFFER_BYTES = 32 * MIB;
const MAX_PARALLEL = 4;
/** S3's own bound of an object. */
export const MAX_OBJECT_BYTES = 5 * 1024 ** 4;

export interface PartPlan {
  partBytes: number;
  parallel: number;
}

/**
 * Parts of equal size (R2 wants that), large enough that an object of `maxBytes` fits into S3's 10,000 of them. Objects
 * up to 74 GiB need no more memory than small ones.
 */
export function planParts(maxBytes: number): PartPlan {
  const bounded = Math.min(maxBytes, MAX_OBJECT_BYTES);
  const partBytes = Math.max(MIN_PART_BYTES, Math.ceil(bounded / USED_PARTS / MIB) * MIB);
  return { partBytes, parallel: Math.min(MAX_PARALLEL, Math.max(1, Math.floor(BUFFER_BYTES / partBytes))) };
}
