import { isIPv4 } from 'node:net';
import { Refusal } from './refusal.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/**
 * A page of somebody else's, whose name was made to resolve to this machine, comes with that name: where only this machine
 * is listened to, only its own names are meant, and that of the proxy before it.
 * @throws Refusal 421
 */
export function assertOwnHost(host: string | undefined, publicUrl: URL | undefined): void {
  if (publicUrl !== undefined && host?.toLowerCase() === publicUrl.host) return;
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d+)?$/i.exec(host ?? '')?.[1] ?? '';
  if (isLoopback(name.replace(/^\[(.*)\]$/, '$1').toLowerCase())) return;
  throw new Refusal(421, 'wrong-host', 'This service answers to localhost, 127.0.0.1 and [::1] only.', {
    hint: 'Open it by one of these names. Behind a proxy, BACKUP_DASHBOARD_URL says where people open it.',
  });
}

/** @throws Refusal 405 */
export function assertMethod(method: string): void {
  if (!METHODS.includes(method)) throw methodNotAllowed(method, METHODS);
}

export function methodNotAllowed(method: string, allowed: string[]): Refusal {
  return new Refusal(405, 'method-not-allowed', `${method} is not answered here.`, {
    headers: { Allow: allowed.join(', ') },
  });
}

export interface ActionHeaders {
  host: string | undefined;
  origin: string | undefined;
  fetchSite: string | undefined;
  contentType: string | undefined;
}

/**
 * No other site can have a browser act here: it knows no token, and there is no cookie. This refuses it all the same.
 * @throws Refusal 403, 415
 */
export function assertOwnAction(
  { host, origin, fetchSite, contentType }: ActionHeaders,
  publicUrl: URL | undefined,
): void {
  const isOwn = URL.canParse(origin ?? '') && new URL(origin ?? '').host === host?.toLowerCase();
  const isForeign = origin !== undefined && origin !== publicUrl?.origin && !isOwn;
  if (isForeign || (fetchSite !== undefined && !['same-origin', 'none'].includes(fetchSite))) {
    throw new Refusal(403, 'foreign-origin', 'Another site has asked for this.', {
      hint: 'Act from the dashboard itself. Behind a proxy, BACKUP_DASHBOARD_URL says where people open it.',
    });
  }
  if (/^application\/json *(;|$)/i.test(contentType ?? '')) return;
  throw new Refusal(415, 'unsupported-media-type', 'Only JSON is taken.', {
    hint: 'Send "Content-Type: application/json".',
  });
}
