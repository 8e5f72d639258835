import { parseInput, restoreInputSchema } from '../../core/model/function-inputs.ts';
import { list } from './actions/list.ts';
import { plan } from './actions/plan.ts';
import { recover } from './actions/recover.ts';
import { start } from './actions/start.ts';
import { status } from './actions/status.ts';
import type { RestoreDeps } from './deps.ts';

/**
 * Answers what is in the store, and asks the agent of the target for the rest without waiting for it.
 * @throws invalid-argument, not-confirmed, lease-held, backup-not-found, unreadable-manifest, command-refused,
 * deadline, store-*
 */
export async function restore(input: unknown, deps: RestoreDeps): Promise<unknown> {
  const parsed = parseInput(restoreInputSchema, input);
  switch (parsed.action) {
    case 'list':
      return list(parsed, deps);
    case 'plan':
      return plan(parsed, deps);
    case 'start':
      return start(parsed, deps);
    case 'status':
      return status(parsed, deps);
    case 'recover':
      return recover(parsed, deps);
  }
}
