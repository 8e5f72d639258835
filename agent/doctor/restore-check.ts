import { workingRun } from '../../core/catalog/lease.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Config } from '../config.ts';
import { Database } from '../falkordb/database.ts';
import { ifAllowed } from '../falkordb/restore-checks/findings.ts';
import { checkWriteLimits } from '../falkordb/write-limits.ts';
import { isProcessDead } from '../process-identity.ts';
import { Journal, unfinished } from '../restore/journal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'unfinished restore';
/** As a restore sets it for the moment, where the server has none (link-set-up.ts). */
const RANDOM_MASTERAUTH = /^[0-9a-f]{64}$/;

/** What a restore that was killed leaves: its journal on this host, and a FalkorDB that takes no writes. */
export async function checkUnfinishedRestore(config: Config, store: ObjectStore, now: Date): Promise<Finding> {
  try {
    const journal = await Journal.find(config.stateFolder, config.target);
    if (journal && isProcessDead(journal.record.process)) return problem(CHECK, unfinished(journal));
    const run = await workingRun(store, config.target, now);
    if (run !== undefined) return ok(CHECK, `not looked for: run ${run} is at work`);
    return journal ? problem(CHECK, unfinished(journal)) : await lookAtServer(config);
  } catch (error) {
    return problem(CHECK, error);
  }
}

/** The journal may be on another host, or lost with its container. */
async function lookAtServer({ falkordb }: Config): Promise<Finding> {
  using db = await Database.connect(falkordb);
  const [refusal] = (await checkWriteLimits(db)).refusals;
  if (refusal) return problem(CHECK, refusal);
  const { masterLinkUp, replication } = await db.info();
  if (!replication.master || masterLinkUp) return ok(CHECK, 'no restore was left unfinished');
  const { host, port } = replication.master;
  const what = `FalkorDB at ${db.name} is a replica of ${host}:${port}, without a connection to it, and takes no writes`;
  const masterauth = (await ifAllowed(db.config('masterauth')))?.get('masterauth') ?? '';
  const fix = 'run "falkordb-backup restore --recover" on the host where the restore ran (docs/restore.md).';
  return RANDOM_MASTERAUTH.test(masterauth)
    ? problem(CHECK, new BackupError('restore-unfinished', `${what}.`, { hint: `A restore was killed: ${fix}` }))
    : warning(CHECK, what, `If a restore was killed, ${fix}`);
}
