import type { BackupEvent } from '../../core/model/events.ts';
import type { RestoreInput, StartBackupInput } from '../../core/model/function-inputs.ts';

export interface Functions {
  /** Where they are; undefined where whoever types knows. */
  region: string | undefined;
  startBackupFunction: string;
  restoreFunction: string;
}

export interface Command {
  /** What it does, for people. */
  what: string;
  /** One line for a shell. */
  line: string;
}

/** What whoever reads of an event may want to type, in that order. */
export function commandsFor({ type, detail }: BackupEvent, functions: Functions, now: Date): Command[] {
  const { target, runId, tier } = detail;
  const restore = (what: string, input: RestoreInput): Command => ({
    what,
    line: invoke(functions.restoreFunction, input, functions),
  });
  const commands: Command[] = [];
  if (runId !== null) commands.push(restore('What became of this run:', { action: 'status', target, runId }));
  if (type === 'Backup Failed' || type === 'Backup Overdue') {
    const input: StartBackupInput = {
      tier: tier === null || tier === 'pre-restore' ? 'manual' : tier,
      // The time is the backup's name: typed twice, it is one backup.
      scheduledTime: `${now.toISOString().slice(0, 19)}Z`,
      targets: [target],
    };
    const line = invoke(functions.startBackupFunction, input, functions);
    commands.push({ what: 'Once the cause is mended, a backup now:', line });
  }
  if (type === 'Restore Failed')
    commands.push(restore('Where FalkorDB was left refusing writes:', { action: 'recover', target }));
  commands.push(restore('Which backups there are:', { action: 'list', target, limit: 10 }));
  return commands;
}

/** No input has a quote in it: targets and run ids are letters, digits and dashes. */
function invoke(name: string, input: object, { region }: Functions): string {
  const where = region === undefined ? '' : `--region ${region} `;
  return `aws lambda invoke ${where}--function-name ${name} --cli-binary-format raw-in-base64-out --payload '${JSON.stringify(input)}' /dev/stdout`;
}
