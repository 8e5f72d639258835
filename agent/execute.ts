import { BackupError } from '../core/model/errors.ts';
import { type AgentRequest, decodeRequest } from '../core/model/request.ts';
import type { BackupDeps, BackupResult } from './backup.ts';
import type { Finding } from './doctor/finding.ts';
import { examine } from './doctor.ts';
import type { Duplicate } from './execute/earlier-delivery.ts';
import { executeBackup } from './execute/execute-backup.ts';
import { executePlan } from './execute/execute-plan.ts';
import { executeRestore } from './execute/execute-restore.ts';
import { parseWords } from './execute/words.ts';
import type { RestorePlan } from './restore/plan.ts';
import { LEASE_OUTLIVED_SECONDS, type RecoverResult, recoverTarget } from './restore/recover-target.ts';
import type { RestoreResult } from './restore/restore.ts';

export type Executed =
  | { action: 'backup'; result: BackupResult }
  | { action: 'restore'; result: RestoreResult }
  | { action: 'plan'; plan: RestorePlan }
  | { action: 'recover'; result: RecoverResult }
  | { action: 'doctor'; findings: Finding[] }
  | Duplicate;

/**
 * Does what a request of the control plane asks for, as the verb of that name does it. A request that is delivered
 * again does nothing more.
 * @param words `name=value` each
 * @throws invalid-argument where this is no request, or is meant for another target; and as the verb
 */
export async function execute(words: readonly string[], deps: BackupDeps): Promise<Executed> {
  const request = decodeRequest(parseWords(words));
  assertMeantForUs(request, deps.config.target);
  switch (request.action) {
    case 'backup':
      return executeBackup(request, deps);
    case 'restore':
      return executeRestore(request, deps);
    case 'plan':
      return executePlan(request, deps);
    case 'recover':
      // It is sent once, as soon as the restore's command has ended: the lease of an agent whose container was restarted is
      // still valid then. Never quiet where the restore is still at work: whoever asks believes that it has ended.
      return {
        action: 'recover',
        result: await recoverTarget(deps, { force: false, waitSeconds: LEASE_OUTLIVED_SECONDS }),
      };
    case 'doctor':
      return { action: 'doctor', findings: await examine(deps, { isOnAws: true }) };
  }
}

function assertMeantForUs({ target }: AgentRequest, own: string): void {
  if (target === own) return;
  throw new BackupError(
    'invalid-argument',
    `This request is for target ${target}, but this agent stands beside ${own}; nothing was done.`,
    {
      hint: `Correct the tag of this host that names its target, or set BACKUP_TARGET=${target} for the agent beside that FalkorDB.`,
    },
  );
}
