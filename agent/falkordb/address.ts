import { isIP } from 'node:net';

/** Where a FalkorDB listens, and as whom to talk to it. */
export interface Address {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  tls: boolean;
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  ca: string | undefined;
}

const DEFAULT_PORT = 6379;
const IS_TLS: Record<string, boolean> = { 'redis:': false, 'rediss:': true, 'falkor:': false, 'falkors:': true };

/** Undefined where the text is no URL of a FalkorDB: redis[s]:// or falkor[s]://[user[:password]@]host[:port]. */
export function parseAddress(text: string): Address | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const tls = IS_TLS[url.protocol];
  const hasPath = !['', '/', '/0'].includes(url.pathname);
  const [username, password] = [percentDecode(url.username), percentDecode(url.password)];
  if (tls === undefined || url.hostname === '' || hasPath || url.search || url.hash) return undefined;
  if (username === undefined || password === undefined) return undefined;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    username: username || undefined,
    password: password || undefined,
    tls,
    ca: undefined,
  };
}

/** Undefined where a percent sign stands for itself: nobody can tell what was meant. */
function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** For `tls.connect`. A host behind which several servers stand tells them apart by the name that the client asks for. */
export function tlsOptions({ host, ca }: Address): { host: string; servername?: string; ca?: string } {
  return { host, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) };
}

/** For people: never holds the user or the password. */
export function describeAddress({ host, port, tls }: Address): string {
  return `${tls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
