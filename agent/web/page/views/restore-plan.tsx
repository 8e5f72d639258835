import type { ComponentChildren } from 'preact';
import { useReducer, useState } from 'preact/hooks';
import type { BackupSummary, PlanAnswer } from '../../api.ts';
import { useTargets } from '../hooks/use-live.ts';
import { CommandLine } from '../parts/command.tsx';
import { Fields } from '../parts/fields.tsx';
import { TargetSelect } from '../parts/filters.tsx';
import { Moment } from '../parts/moment.tsx';
import { ErrorNote, Note } from '../parts/notes.tsx';
import { request, toApiError, withQuery } from '../state/client.ts';
import { initialRemote, type Remote, type RemoteAction, reduceRemote } from '../state/remote.ts';
import { bytesText, countOf } from '../text/numbers.ts';

/** What a restore of it would do; the restore itself is typed where the agent is. */
export function RestorePlan({ backup: { backupId, target } }: { backup: BackupSummary }): ComponentChildren {
  const [into, setInto] = useState(target);
  // One of another target is neither shown nor waited for.
  const [asked, dispatch] = useReducer<Remote<PlanAnswer>, RemoteAction<PlanAnswer>>(reduceRemote, initialRemote(''));
  const isAsked = asked.key === into;
  const hasChoice = useTargets().length > 1;
  const ask = async () => {
    dispatch({ type: 'asked', key: into });
    try {
      const path = withQuery(`/backups/${encodeURIComponent(backupId)}/plan`, { target: into });
      dispatch({ type: 'answered', key: into, data: await request<PlanAnswer>(path) });
    } catch (error) {
      dispatch({ type: 'failed', key: into, error: toApiError(error), at: Date.now() });
    }
  };
  const isAsking = isAsked && asked.isLoading;
  const failure = isAsked && !isAsking ? asked.failure : undefined;
  const plan = isAsked && !isAsking && !failure ? asked.data : undefined;
  return (
    <section aria-labelledby="plan">
      <h3 id="plan">Restore</h3>
      <p class="muted">The plan changes nothing. The restore itself is done by the command that it ends with.</p>
      <div class="buttons">
        {hasChoice ? <TargetSelect value={into} onChange={setInto} /> : null}
        <button type="button" disabled={isAsking} onClick={() => void ask()}>
          {isAsking ? 'Planning…' : 'Show the restore plan'}
        </button>
      </div>
      <div role="status">
        {failure ? <ErrorNote error={failure.error} isAlert={false} /> : null}
        {plan ? <span class="visually-hidden">The plan is shown</span> : null}
      </div>
      {plan ? <Plan plan={plan} /> : null}
    </section>
  );
}

function Plan({ plan }: { plan: PlanAnswer }): ComponentChildren {
  const { target, server, rdb, takenAt, provenAt, safetyBackup, refusals, notes, command } = plan;
  const nodes = server.graphs.reduce((sum, graph) => sum + graph.nodes, 0);
  return (
    <div class="plan">
      {refusals.map(({ code, message, hint }) => (
        <Note key={code} level="bad" title={`Refused: ${message}`} hint={hint} />
      ))}
      <Fields
        fields={[
          ['Restores', `${bytesText(rdb.bytes)} into ${target} at ${server.address}`],
          ['Taken', <Moment at={takenAt} />],
          ['Into', `FalkorDB ${server.falkordb ?? '?'} on Redis ${server.redis}`],
          ['Replaced', `${countOf(server.graphs.length, 'graph')}, ${countOf(nodes, 'node')}: all that it holds now`],
          ['Lost', safetyBackup ? 'nothing: what it holds is backed up first' : 'all that it holds now'],
          ['Proved', provenAt === null ? 'not yet: it will be loaded for a trial first' : <Moment at={provenAt} />],
        ]}
      />
      {notes.map((note) => (
        <Note key={note} level="info" title={note} />
      ))}
      {refusals.length === 0 ? (
        <>
          <p>Type this where the agent is. It shows the plan again and asks for the name of the target:</p>
          <CommandLine command={command} />
        </>
      ) : null}
    </div>
  );
}
