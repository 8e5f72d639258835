/** Reads anew once the last value is that old; a failure is not kept. */
export function keptFor<T>(
  ttlMs: number,
  read: () => Promise<T>,
  elapsedMs = () => performance.now(),
): () => Promise<T> {
  let kept: { value: T; atMs: number } | undefined;
  return async () => {
    const atMs = elapsedMs();
    if (!kept || atMs - kept.atMs >= ttlMs) kept = { value: await read(), atMs };
    return kept.value;
  };
}
