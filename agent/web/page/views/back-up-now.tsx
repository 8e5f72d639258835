import type { ComponentChildren } from 'preact';
import { useAct } from '../hooks/use-act.ts';
import { useToken } from '../hooks/use-token.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { ErrorNote } from '../parts/notes.tsx';

export function BackUpNow({ target, isBusy }: { target: string; isBusy: boolean }): ComponentChildren {
  const act = useAct();
  const { canAct } = useToken();
  if (!canAct) return null;
  return (
    <div class="action">
      <ActionButton
        act={act}
        path="/backups"
        options={{ method: 'POST', body: { target } }}
        icon="backup"
        isMain
        isDisabled={isBusy}
      >
        Back up now
      </ActionButton>
      {act.failure ? <ErrorNote error={act.failure} /> : null}
    </div>
  );
}
