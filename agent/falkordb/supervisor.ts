import type { Writable } from 'node:stream';
import { execa } from 'execa';

/**
 * Outlives its owner's kill -9 by just as long as it takes to clean up: the owner holds the only other end of standard
 * input, so the kernel closes it however the owner ends, and `read` returns.
 * - `setsid` gives the server a process group, so that its own forks (BGSAVE) can be killed with it. It keeps the
 *   process id, as a background job leads no group. `set -m` would not do: dash ignores it without a terminal.
 * - The second kill is for the moment before there is a group, and for systems that have no `setsid`.
 * - Killing the docker command does not end its container, and a container that has ended is gone already.
 */
const SCRIPT = `
folder=$1 log=$2 container=$3
shift 3
exec 3<&0 </dev/null >>"$log" 2>&1
if command -v setsid >/dev/null; then set -- setsid "$@"; fi
"$@" 3<&- &
server=$!
kill_server() { kill -s KILL -- "-$server" || kill -s KILL "$server"; }
{ read -r _ <&3; kill_server; } 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
{ kill -s KILL -- "-$server"; kill -s KILL "$watcher"; } 2>/dev/null
[ -z "$container" ] || docker rm --force --volumes "$container" >/dev/null 2>&1
rm -rf -- "$folder"
`;

export interface Supervised {
  /** Fulfilled once the server has ended, however it did, and the folder is removed. */
  ended: Promise<void>;
  /** Kills the server; `ended` tells when that is done. May be called more than once. */
  kill(): void;
}

export interface SuperviseOptions {
  /** Removed with everything in it when the server has ended. */
  folder: string;
  /** The container to remove when the server has ended. */
  container?: string | undefined;
  /** Path of the file that takes the standard output and standard error of the server. */
  log: string;
}

/** Runs `command` until it ends, `kill` is called or this process ends, even by kill -9; see SCRIPT. */
export function supervise(command: string[], { folder, container, log }: SuperviseOptions): Supervised {
  const shell = execa('/bin/sh', ['-c', SCRIPT, 'falkordb-scratch', folder, log, container ?? '', ...command], {
    cwd: '/',
    // A session of its own keeps it out of reach of Ctrl-C and of signals to its owner's process group.
    detached: true,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    reject: false,
  });
  const ownerEnd: Writable = shell.stdin;
  return { ended: shell.then(() => undefined), kill: () => ownerEnd.destroy() };
}
