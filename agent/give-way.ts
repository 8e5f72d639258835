import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** Of a command line. A restore does not: FalkorDB takes no writes until it has ended. */
export function givesWay(args: readonly string[]): boolean {
  return !args.some((arg) => /^(action=)?(restore|recover)$/.test(arg));
}

/**
 * Where there are too few processors for all, others come first, FalkorDB above all: this process, and what it starts, gets
 * what they leave, and beside one that never rests a seventieth (the weights of sched(7)). Where a priority was chosen for
 * it already, that stays. docs/performance.md has what clients notice with it, and without.
 */
export function giveWay(): void {
  try {
    if (getPriority() !== constants.priority.PRIORITY_NORMAL) return;
    // On Linux each thread has its own (sched(7)); one that comes later begins with that of the thread that makes it.
    for (const thread of readdirSync('/proc/self/task')) {
      setPriority(Number(thread), constants.priority.PRIORITY_LOW);
    }
  } catch {
    // No Linux, or not allowed: a backup that takes its share is better than none.
  }
}
