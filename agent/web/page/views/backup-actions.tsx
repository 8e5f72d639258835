import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { BackupSummary } from '../../api.ts';
import { useAct } from '../hooks/use-act.ts';
import { useToken } from '../hooks/use-token.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Icon } from '../parts/icon.tsx';
import { ErrorNote, Note } from '../parts/notes.tsx';

/** Verify, pin and unpin. Restoring is not among them: it is typed by somebody who has read the plan. */
export function BackupActions({ backup, isBusy }: { backup: BackupSummary; isBusy: boolean }): ComponentChildren {
  const { canAct } = useToken();
  const verifying = useAct();
  const pinning = useAct();
  const [note, setNote] = useState<string>();
  if (!canAct) {
    return <Note level="info" title="This dashboard only shows: the service was started without a token to act." />;
  }
  const path = `/backups/${encodeURIComponent(backup.backupId)}`;
  const pin = async (event: Event) => {
    event.preventDefault();
    const text = note?.trim() ?? '';
    if (await pinning.run(`${path}/pin`, { method: 'POST', body: text === '' ? {} : { note: text } }))
      setNote(undefined);
  };
  const failure = verifying.failure ?? pinning.failure;
  return (
    <div class="actions">
      <div class="buttons">
        <ActionButton
          act={verifying}
          path={`${path}/verify`}
          options={{ method: 'POST', body: { load: true } }}
          icon="shield"
          isDisabled={isBusy}
        >
          Verify by loading it
        </ActionButton>
        {backup.pinned ? (
          <ActionButton act={pinning} path={`${path}/pin`} options={{ method: 'DELETE' }} icon="pin">
            Unpin
          </ActionButton>
        ) : (
          <button
            type="button"
            aria-expanded={note !== undefined}
            onClick={() => setNote(note === undefined ? '' : undefined)}
          >
            <Icon name="pin" />
            Pin…
          </button>
        )}
      </div>
      {note === undefined || backup.pinned ? null : (
        <form class="form inline" onSubmit={(event) => void pin(event)}>
          <label>
            <span>Why it is kept</span>
            <input
              type="text"
              maxLength={1000}
              placeholder="before the migration (optional)"
              value={note}
              onInput={({ currentTarget }) => setNote(currentTarget.value)}
            />
          </label>
          <button type="submit" class="main" disabled={pinning.isPending}>
            Pin
          </button>
        </form>
      )}
      {failure ? <ErrorNote error={failure} /> : null}
    </div>
  );
}
