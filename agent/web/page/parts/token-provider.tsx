import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { useLive } from '../hooks/use-live.ts';
import { TokenContext } from '../hooks/use-token.ts';
import { keep, kept } from '../state/storage.ts';
import { UnlockDialog } from './unlock-dialog.tsx';

const KEY = 'falkordb-backup-token';

/** Holds the token while the tab is open: it is never written anywhere that outlives it. */
export function TokenProvider({ children }: { children: ComponentChildren }): ComponentChildren {
  const canAct = useLive(({ answer }) => answer?.canAct) ?? false;
  const [token, setToken] = useState(() => kept('sessionStorage', KEY));
  const [reason, setReason] = useState<string>();
  const [isAsked, setIsAsked] = useState(false);
  const waiting = useRef<((token: string | undefined) => void)[]>([]);
  const answer = (given: string | undefined) => {
    setIsAsked(false);
    for (const resolve of waiting.current.splice(0)) resolve(given);
  };
  const unlock = (given: string) => {
    // Whoever has closed the dialog meanwhile does not want it any more.
    if (waiting.current.length === 0) return;
    keep('sessionStorage', KEY, given);
    setToken(given);
    setReason(undefined);
    answer(given);
  };
  const holder = useMemo(
    () => ({
      canAct,
      isUnlocked: token !== undefined,
      obtain: () => {
        if (token !== undefined) return Promise.resolve(token);
        setIsAsked(true);
        return new Promise<string | undefined>((resolve) => void waiting.current.push(resolve));
      },
      forget: (why?: string) => {
        keep('sessionStorage', KEY, undefined);
        setToken(undefined);
        setReason(why);
      },
    }),
    [canAct, token],
  );
  return (
    <TokenContext.Provider value={holder}>
      {children}
      {isAsked ? <UnlockDialog reason={reason} onToken={unlock} onClose={() => answer(undefined)} /> : null}
    </TokenContext.Provider>
  );
}
