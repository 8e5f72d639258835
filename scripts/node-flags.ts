/**
 * Without them the agent works as well. A dump passes through buffers that live outside of V8's heap, and each few of them
 * make it mark the whole heap, in threads beside the one that compresses: a fifth of a backup's CPU (docs/performance.md).
 */
export const NODE_FLAGS = ['--no-incremental-marking'];

/** GNU and busybox env know -S. */
export const SHEBANG = `#!/usr/bin/env -S node ${NODE_FLAGS.join(' ')}\n`;
