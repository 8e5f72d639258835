import type { BenchOptions } from './scene/bench.ts';

const MB = 1_000_000;

/** What a size means. `tiny` is for the test that everything runs: its figures mean nothing. */
const all = <T>(variants: readonly T[]) => variants;
const firstAndLast = <T>(variants: readonly T[]) => variants.filter((_, index) => index % (variants.length - 1) === 0);

export const SIZES = {
  tiny: { dumpBytes: 1 * MB, manifests: [5, 10], loadSeconds: 0.3, few: firstAndLast },
  small: { dumpBytes: 50 * MB, manifests: [100, 1_000], loadSeconds: 5, few: all },
  medium: { dumpBytes: 500 * MB, manifests: [100, 1_000, 10_000], loadSeconds: 15, few: all },
  large: { dumpBytes: 2_000 * MB, manifests: [100, 1_000, 10_000], loadSeconds: 30, few: all },
} as const satisfies Record<string, Pick<BenchOptions, 'dumpBytes' | 'manifests' | 'loadSeconds' | 'few'>>;

export type SizeName = keyof typeof SIZES;
