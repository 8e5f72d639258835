import { isIP } from 'node:net';
import { Refusal } from './refusal.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

/**
 * A page of somebody else's, whose name was made to resolve to this service, comes with that name (DNS rebinding): it can
 * be any public name, wherever the service listens, as what a container listens on is published elsewhere. It cannot be an
 * address, nor a name without a dot, such as localhost or a service of a compose file: none of those can be had in public.
 * @throws Refusal 421
 */
export function assertOwnHost(
  host: string | undefined,
  { publicUrl, listenHost }: { publicUrl: URL | undefined; listenHost: string },
): void {
  const lower = host?.toLowerCase() ?? '';
  if (publicUrl !== undefined && lower === publicUrl.host) return;
  const [, bracketed = '', name = ''] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d+)?$/.exec(lower) ?? [];
  if (isIP(bracketed || name) !== 0 || name === listenHost.toLowerCase()) return;
  if (name !== '' && !name.includes('.')) return;
  throw new Refusal(421, 'wrong-host', 'This service is not known by the name that it was asked by.', {
    hint: 'Open it by localhost or an address. BACKUP_DASHBOARD_URL says by which other name people open it.',
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
  if (origin !== undefined && origin !== publicUrl?.origin && !isOwn) throw foreignOrigin();
  assertOwnSite(fetchSite);
  if (/^application\/json *(;|$)/i.test(contentType ?? '')) return;
  throw new Refusal(415, 'unsupported-media-type', 'Only JSON is taken.', {
    hint: 'Send "Content-Type: application/json".',
  });
}

/** Browsers say by which site a page was loaded that asks; others say nothing. @throws Refusal 403 */
export function assertOwnSite(fetchSite: string | undefined): void {
  if (fetchSite !== undefined && !['same-origin', 'none'].includes(fetchSite)) throw foreignOrigin();
}

function foreignOrigin(): Refusal {
  return new Refusal(403, 'foreign-origin', 'Another site has asked for this.', {
    hint: 'Do it from the dashboard itself. Behind a proxy, BACKUP_DASHBOARD_URL says where people open it.',
  });
}
