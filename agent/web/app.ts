import { type Context, Hono } from 'hono';
import { Gate } from './gate.ts';
import { type Env, type HandlerDeps, handlersOf } from './handlers.ts';
import { assertMethod, assertOwnHost, methodNotAllowed } from './own-requests.ts';
import type { PageFile } from './page-files.ts';
import { failedAnswer, notFound } from './refusal.ts';
import { ROUTES, type RouteName } from './routes.ts';

export interface AppOptions {
  /** Of the page, by path. */
  files: Map<string, PageFile>;
  listenHost: string;
}

/** What answers requests, whoever brings them. */
export function createApp(deps: HandlerDeps, { files, listenHost }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const refuse = (c: Context<Env>, error: unknown) => {
    const { status, body, headers, isUnforeseen } = failedAnswer(error);
    if (isUnforeseen) deps.log.error({ err: error, path: c.req.path }, 'A request failed');
    return c.json(body, status, headers);
  };
  app.onError((error, c) => refuse(c, error));
  app.notFound((c) =>
    c.req.path.startsWith('/api/')
      ? refuse(c, notFound('There is nothing of that name.', 'docs/api.md has all routes.'))
      : c.text('There is nothing here. The dashboard is at /.\n', 404),
  );
  app.use((c, next) => {
    assertMethod(c.req.method);
    if (!OPEN_TO_ALL_NAMES.includes(c.req.path)) {
      assertOwnHost(c.req.header('host'), { publicUrl: deps.publicUrl, listenHost });
    }
    return next();
  });
  const gate = new Gate();
  app.use('/api/*', (_, next) => gate.pass(next));
  const handlers = handlersOf(deps);
  const methods = new Map<string, string[]>();
  for (const [name, route] of Object.entries(ROUTES)) {
    const [method = '', path = ''] = route.split(' ');
    app.on(method, path, handlers[name as RouteName]);
    methods.set(path, [...(methods.get(path) ?? []), ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (c) => refuse(c, methodNotAllowed(c.req.method, allowed)));
  }
  app.get('/', (c) => (files.has('/') ? fileAnswer(c, files) : c.text(NOT_BUILT, 503)));
  for (const path of files.keys()) if (path !== '/') app.get(path, (c) => fileAnswer(c, files));
  return app;
}

/** What monitors ask by whatever name they know: it tells no more than numbers and names of targets. */
const OPEN_TO_ALL_NAMES: string[] = ['/healthz', '/metrics'];
const NOT_BUILT = 'The dashboard was not built: run "npm run build". The API is at /api/v1.\n';

function fileAnswer(c: Context<Env>, files: Map<string, PageFile>): Response | Promise<Response> {
  const file = files.get(c.req.path);
  if (!file) return c.notFound();
  const headers = { ETag: file.etag, 'Cache-Control': 'no-cache' };
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
  return c.body(file.bytes, 200, { ...headers, 'Content-Type': file.type });
}
