import type { ApiError } from '../../api.ts';

/** What the service said of a request that failed, or what kept it from being answered. */
export class RequestError extends Error {
  readonly code: string;
  readonly hint: string | null;
  /** 0 where there was no answer. */
  readonly status: number;

  constructor({ code, message, hint }: ApiError['error'], status: number) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.hint = hint;
    this.status = status;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  token?: string;
  signal?: AbortSignal;
}

/** One that has not answered by then is not there. */
const TIMEOUT_MS = 30_000;

/** @param path below /api/v1 @throws RequestError, and AbortError where `signal` ended it */
export async function request<T>(
  path: string,
  { method = 'GET', body, token, signal }: RequestOptions = {},
): Promise<T> {
  const headers = {
    Accept: 'application/json',
    ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  const init = { method, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }) };
  const { answer, text } = await answerOf(`/api/v1${path}`, init, signal);
  if (!answer.ok) throw failureOf(answer, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Path with a query of those values that are not empty. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const filled = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return filled.length === 0 ? path : `${path}?${new URLSearchParams(filled)}`;
}

export function toApiError(error: unknown): ApiError['error'] {
  if (error instanceof RequestError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'page', message: `The page itself failed: ${String(error)}`, hint: 'Load it again.' };
}

async function answerOf(url: string, init: RequestInit, signal?: AbortSignal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    return { answer, text: await answer.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(
      {
        code: 'unreachable',
        message: 'The service does not answer.',
        hint: 'See whether "falkordb-backup run" still runs, and whether the way to it (ssh, proxy) is open.',
      },
      0,
    );
  }
}

function failureOf({ status, statusText }: Response, text: string): RequestError {
  try {
    const { error } = JSON.parse(text) as ApiError;
    if (typeof error.message === 'string') return new RequestError(error, status);
  } catch {
    // Not of the service: a proxy's page.
  }
  return new RequestError(
    {
      code: 'unreachable',
      message: `The answer was ${status} ${statusText}, and not of the service.`,
      hint: 'Look at what is between this browser and the service, such as a proxy.',
    },
    status,
  );
}
