import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

/* The programs on a host that the document's script calls, as scripts. */

const AGENT = resolve('dist/agent.mjs');

/** The agent in its container: it has the environment of that and nothing of the host's. */
export function launcher(env: Record<string, string>): string {
  const own = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TMPDIR: tmpdir() };
  const words = assignments({ ...own, ...env });
  return `#!/bin/sh\nexec env -i ${words} ${quote(process.execPath)} ${quote(AGENT)} "$@"\n`;
}

/**
 * Docker, for the two commands of the document. One who ends the client does not end what runs in the container; its own
 * end and exit code are the client's (137 after a kill).
 */
export function docker(folder: string): string {
  return `#!/bin/sh
home=${quote(folder)}
refuse() { echo "not understood: docker $*" >&2; exit 125; }
case "$1" in
  ps)
    target=
    for word; do
      case "$word" in
        ps | --quiet | --filter | status=running) ;;
        label=falkordb-backup.target=*) target=\${word#label=falkordb-backup.target=} ;;
        *) refuse "$@" ;;
      esac
    done
    case "$target" in '' | */* | .*) refuse "$@" ;; esac
    [ ! -d "$home/containers/$target" ] || echo "c0ffee-$target"
    ;;
  exec)
    target=\${2#c0ffee-}
    [ "$3" = falkordb-backup ] && [ "$4" = execute ] && [ -d "$home/containers/$target" ] || refuse "$@"
    shift 3
    "$home/containers/$target/agent" "$@" &
    echo $! > "$home/pids/$!"
    wait $!
    ;;
  *) refuse "$@" ;;
esac
`;
}

/** The command as it is installed. */
export function command(folder: string, role: Record<string, string>): string {
  return `#!/bin/sh
echo $$ > ${quote(folder)}/pids/$$
exec env ${assignments(role)} ${quote(process.execPath)} ${quote(AGENT)} "$@"
`;
}

function assignments(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([name, value]) => quote(`${name}=${value}`))
    .join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
