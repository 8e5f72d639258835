import { OLDEST_SSM_AGENT } from '../core/model/function-settings.ts';
import { WORD_NAMES, type WordName } from '../core/model/request.ts';
import { REQUEST_PARAMETERS } from '../core/model/request-parameters.ts';

/** EX_UNAVAILABLE of sysexits.h: no agent of the target is on the host. */
const NO_AGENT = 69;
const SETTINGS_FOLDER = '/etc/falkordb-backup';

export interface DocumentOptions {
  /** The agent's own deadline. */
  timeoutSeconds: number;
  /** That of the command. */
  commandTimeoutSeconds: number;
}

/** The SSM document that hands a request to the agent of its target. */
export function agentDocumentContent(options: DocumentOptions) {
  return {
    schemaVersion: '2.2',
    description: 'Hands a request of falkordb-backup to the agent beside a FalkorDB.',
    parameters: Object.fromEntries(WORD_NAMES.map((word) => [REQUEST_PARAMETERS[word].name, parameterOf(word)])),
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'agent',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: {
          timeoutSeconds: String(options.commandTimeoutSeconds),
          runCommand: agentScript(options).split('\n'),
        },
      },
    ],
  };
}

function parameterOf(word: WordName) {
  const { name: _, ...rest } = REQUEST_PARAMETERS[word];
  return { type: 'String', ...rest, interpolationType: 'ENV_VAR' };
}

/**
 * In POSIX sh, which is what SSM runs. Every value comes from the environment and is never part of the script's text, and
 * where it is not in the environment, because the SSM agent is too old for that, nothing is run.
 */
export function agentScript(
  { timeoutSeconds }: Pick<DocumentOptions, 'timeoutSeconds'>,
  folder = SETTINGS_FOLDER,
): string {
  const isRequired = (word: WordName) => REQUEST_PARAMETERS[word].default === undefined;
  const required = WORD_NAMES.filter(isRequired).map((word) => `: "\${${variableOf(word)}:?is empty}"`);
  const words = WORD_NAMES.map((word) => `${word}="\${${variableOf(word)}-}"`).join(' ');
  const execute = `falkordb-backup execute --timeout ${timeoutSeconds}`;
  const target = `\${${variableOf('target')}}`;
  return `set -eu
: "\${${variableOf('version')}:?is missing: the SSM agent of this host is older than ${OLDEST_SSM_AGENT}. Update it by AWS-UpdateSSMAgent; nothing was run.}"
${required.join('\n')}
PATH="$PATH:/usr/local/bin:/snap/bin"
export PATH
bounded() {
  if command -v timeout >/dev/null 2>&1; then timeout 60 "$@"; else "$@"; fi
}
containers=
if command -v docker >/dev/null 2>&1; then
  # Where docker cannot be asked, it has said why itself, or hangs.
  containers=$(bounded docker ps --quiet --filter "label=falkordb-backup.target=${target}" --filter status=running) || containers=
fi
case "$containers" in
  '') ;;
  *'
'*)
    echo "Several running containers have the label falkordb-backup.target=${target}: a target has one agent. Stop all others." >&2
    exit ${NO_AGENT}
    ;;
  *) exec docker exec "$containers" ${execute} ${words} ;;
esac
if ! command -v falkordb-backup >/dev/null 2>&1; then
  echo "No running container has the label falkordb-backup.target=${target}, and falkordb-backup is not installed on this host: see docs/install-agent.md." >&2
  exit ${NO_AGENT}
fi
settings="${folder}/${target}.env"
if [ ! -r "$settings" ]; then
  echo "No running container has the label falkordb-backup.target=${target}, and the installed falkordb-backup has no settings in $settings: see docs/install-agent.md." >&2
  exit ${NO_AGENT}
fi
# The SSM agent says where it is; a container has that in its settings.
if [ -n "\${AWS_SSM_REGION_NAME-}" ]; then
  AWS_REGION="\${AWS_REGION:-$AWS_SSM_REGION_NAME}"
  export AWS_REGION
fi
exec ${execute} --settings "$settings" ${words}`;
}

function variableOf(word: WordName): string {
  return `SSM_${REQUEST_PARAMETERS[word].name}`;
}
