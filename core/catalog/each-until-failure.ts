import pMap from 'p-map';

/** Begins nothing more after the first failure, and throws it once nothing is under way any more. */
export async function eachUntilFailure<T>(
  items: readonly T[],
  concurrency: number,
  step: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  await pMap(
    items,
    (item) => (failures.length > 0 ? undefined : step(item).catch((error: unknown) => void failures.push(error))),
    { concurrency },
  );
  if (failures.length > 0) throw failures[0];
}
