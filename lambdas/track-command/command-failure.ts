import { stripVTControlCharacters } from 'node:util';
import { BackupError, EXIT_CODES } from '../../core/model/errors.ts';
import type { Action } from '../../core/model/request.ts';
import { withoutSpaces } from './command-event.ts';

const MAX_LINES = 3;
const MAX_CHARS = 500;
/** What the SSM agent itself adds at the end. */
const NOISE = /^failed to run commands: |^-+Error Output Truncated-+$/i;

/** What the document's script ends with where no agent of the target is on the host. */
const NO_AGENT = 69;
/** 128 + SIGKILL */
export const KILLED = 137;

export interface EndedCommand {
  commandId: string;
  instanceId: string;
  status: string;
  /** Null where the script did not begin, or did not end by itself. */
  exitCode: number | null;
  stderr: string;
}

/** What is to be said of a command that did not end well, where its agent has said nothing. */
export function commandFailure(action: Action, target: string, command: EndedCommand): BackupError {
  const { instanceId, status, exitCode, stderr } = command;
  const code = exitCode === null ? '' : ` with exit code ${exitCode}`;
  const said = lastLines(stderr);
  const what = `The command "${action}" for target ${target} on ${instanceId} ended as ${status}${code}`;
  return new BackupError('command-failed', said === '' ? `${what}.` : `${what}: ${said}`, {
    hint: action === 'recover' ? recoverHint(target, command) : hintOf(command),
  });
}

function hintOf({ commandId, status, exitCode }: EndedCommand): string {
  switch (withoutSpaces(status)) {
    case 'Undeliverable':
    case 'DeliveryTimedOut':
      return 'The host is offline, or its SSM agent is: start it, then ask again.';
    case 'TimedOut':
    case 'ExecutionTimedOut':
      return 'Raise the timeout of commands in the configuration of the stack, or see in the log of the agent what took so long.';
    case 'Cancelled':
    case 'Canceled':
      return 'Somebody cancelled the command: ask again.';
  }
  if (exitCode === NO_AGENT) {
    return 'No agent of this target runs on the host, and none is installed: docs/install-agent.md says how.';
  }
  if (exitCode === KILLED) {
    return 'The agent was killed, most often for want of memory: see "dmesg" on the host, and what its container may use.';
  }
  return `See the log of the agent on the host, and the command ${commandId} in Systems Manager (Run Command).`;
}

function recoverHint(target: string, { exitCode }: EndedCommand): string {
  if (exitCode === EXIT_CODES.lease) {
    return `The restore of ${target} is still at work and will say how it ended; if it does not, run "falkordb-backup restore --recover" on the host.`;
  }
  return `FalkorDB may be frozen, refusing writes: run "falkordb-backup restore --recover" on the host.`;
}

/** For people: bounded, in one line, without what could move a terminal's cursor. */
function lastLines(stderr: string): string {
  const lines = stderr
    .split(/\r?\n/)
    .map((line) =>
      stripVTControlCharacters(line)
        .replaceAll(/\p{Cc}/gu, ' ')
        .trim(),
    )
    .filter((line) => line !== '' && !NOISE.test(line));
  const text = lines.slice(-MAX_LINES).join(' ');
  return text.length > MAX_CHARS ? `…${text.slice(-MAX_CHARS)}` : text;
}
