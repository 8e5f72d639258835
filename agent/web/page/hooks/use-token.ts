import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** With what one may act. */
export interface TokenHolder {
  /** Whether the service takes actions at all. */
  canAct: boolean;
  isUnlocked: boolean;
  /** The token, which a person is asked for where there is none yet; undefined where none was given. */
  obtain(): Promise<string | undefined>;
  /** Forgets it. @param why told to who is asked for it the next time */
  forget(why?: string): void;
}

export const TokenContext = createContext<TokenHolder | undefined>(undefined);

export function useToken(): TokenHolder {
  const holder = useContext(TokenContext);
  if (!holder) throw new Error('TokenContext is missing');
  return holder;
}
