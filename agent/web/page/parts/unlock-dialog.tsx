import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { RequestError, request, toApiError } from '../state/client.ts';
import { Dialog } from './dialog.tsx';
import { ErrorNote, Note } from './notes.tsx';

interface UnlockDialogProps {
  /** Why it has to be given again. */
  reason: string | undefined;
  onToken: (token: string) => void;
  onClose: () => void;
}

/** The service's own hint is for who writes a program. */
const WRONG = {
  code: 'unauthorized',
  message: 'This is not the token.',
  hint: 'Look where the service is started: BACKUP_DASHBOARD_TOKEN, or the file that --dashboard-token-file names.',
};

/** Asks for the token and has the service check it. */
export function UnlockDialog({ reason, onToken, onClose }: UnlockDialogProps): ComponentChildren {
  const [token, setToken] = useState('');
  const [isChecking, setIsChecking] = useState(false);
  const [failure, setFailure] = useState<ApiError['error']>();
  const check = async (event: SubmitEvent) => {
    event.preventDefault();
    setIsChecking(true);
    try {
      await request('/token', { token: token.trim() });
      onToken(token.trim());
    } catch (error) {
      setFailure(error instanceof RequestError && error.status === 401 ? WRONG : toApiError(error));
      setIsChecking(false);
    }
  };
  return (
    <Dialog title="Unlock actions" onClose={onClose}>
      <form class="form" onSubmit={(event) => void check(event as SubmitEvent)}>
        <p class="muted">
          The token is what the service was started with: <code>BACKUP_DASHBOARD_TOKEN</code>. This tab keeps it until
          it is closed.
        </p>
        {reason === undefined || failure ? null : <Note level="warning" title={reason} isAlert />}
        {failure ? <ErrorNote error={failure} /> : null}
        <label>
          <span>Token</span>
          <input
            type="password"
            autoComplete="off"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <div class="form-foot">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isChecking}>
            Unlock
          </button>
        </div>
      </form>
    </Dialog>
  );
}
