import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { RequestError, type RequestOptions, request, toApiError } from '../state/client.ts';
import { useConnection } from './use-live.ts';
import { useToken } from './use-token.ts';

export interface Act {
  isPending: boolean;
  failure: ApiError['error'] | undefined;
  /** @returns whether it was done */
  run(path: string, options: RequestOptions): Promise<boolean>;
}

/** One action of the page, which needs the token. */
export function useAct(): Act {
  const { obtain, forget } = useToken();
  const { refresh } = useConnection();
  const [state, setState] = useState<Omit<Act, 'run'>>(IDLE);
  const run = async (path: string, options: RequestOptions): Promise<boolean> => {
    const token = await obtain();
    if (token === undefined) return false;
    setState({ ...IDLE, isPending: true });
    try {
      await request(path, { ...options, token });
      setState(IDLE);
      refresh();
      return true;
    } catch (error) {
      const failure = toApiError(error);
      // Other refusals say nothing against the token.
      if (error instanceof RequestError && (error.status === 401 || error.code === 'read-only'))
        forget(failure.message);
      setState({ ...IDLE, failure });
      return false;
    }
  };
  return { ...state, run };
}

const IDLE = { isPending: false, failure: undefined };
