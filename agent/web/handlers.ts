import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { MarkKind } from '../../core/model/mark.ts';
import type { Access } from './access.ts';
import { type ActionDeps, backUpNow, markNow, verifyNow } from './actions.ts';
import type { BackupAnswer, LogsAnswer, PlanAnswer, RetentionAnswer } from './api.ts';
import { backupAnswer, backupsAnswer } from './backups-answer.ts';
import { SingleFlight } from './cached.ts';
import { Costly } from './costly.ts';
import type { EventStreams } from './event-streams.ts';
import { type Healthy, healthOf, readinessOf, type Unhealthy } from './health.ts';
import type { LogBuffer } from './log-buffer.ts';
import { assertOwnAction, assertOwnSite } from './own-requests.ts';
import { planAnswer } from './plan-answer.ts';
import {
  backUpBody,
  backupsQuery,
  eventsQuery,
  logsQuery,
  noQuery,
  parseBody,
  parseQuery,
  pinBody,
  runsQuery,
  targetQuery,
  verifyBody,
} from './queries.ts';
import { readBody } from './read-body.ts';
import { Refusal } from './refusal.ts';
import { retentionAnswer } from './retention-answer.ts';
import type { RouteName } from './routes.ts';
import { runsAnswer } from './runs-answer.ts';
import { targetsAnswer } from './targets-answer.ts';
import type { Views } from './views.ts';

export type Env = { Bindings: HttpBindings };
/** For tabs that ask at the same time, and for who clicks again; what this service changes is seen at once all the same. */
const FRESH_MS = 15_000;
type Handler = (c: Context<Env>) => Response | Promise<Response>;

export interface HandlerDeps extends ActionDeps {
  views: Views;
  access: Access;
  logs: LogBuffer;
  streams: EventStreams;
  publicUrl: URL | undefined;
  refreshSeconds: number;
  /** In the text format of Prometheus. */
  metrics: () => Promise<string>;
}

/** One for each route: what is asked, one call, what is answered. */
export function handlersOf(deps: HandlerDeps): Record<RouteName, Handler> {
  const { service, views, access, logs, streams, publicUrl, refreshSeconds, now } = deps;
  const plans = new Costly<PlanAnswer>('The plan of the restore');
  const retentions = new Costly<RetentionAnswer>('Looking what would be removed', { freshMs: FRESH_MS });
  const details = new Costly<BackupAnswer>('Reading the backup', { maxAtOnce: 16, maxAMinute: 600, freshMs: FRESH_MS });
  const metrics = new SingleFlight<string>();

  const act = async <T>(c: Context<Env>, schema: z.ZodType<T>): Promise<T> => {
    const { req } = c;
    const [host, origin, fetchSite] = [req.header('host'), req.header('origin'), req.header('sec-fetch-site')];
    assertOwnAction({ host, origin, fetchSite, contentType: req.header('content-type') }, publicUrl);
    assertToken(c, access);
    parseQuery(noQuery, req.url);
    const body = parseBody(schema, await readBody(req));
    access.countAction();
    return body;
  };
  const mark = async (c: Context<Env>, kind: MarkKind) => {
    const { note = null } = await act(c, pinBody);
    const { view, parts } = views.ofBackup(idOf(c));
    return c.json(await markNow(view, parts, { mark: kind, note }, deps));
  };

  return {
    targets: async (c) => {
      parseQuery(noQuery, c.req.url);
      const { canAct } = access;
      return c.json(await targetsAnswer({ service, views: views.all, canAct, refreshSeconds, now }));
    },
    backups: async (c) => {
      const query = parseQuery(backupsQuery, c.req.url);
      return c.json(await backupsAnswer(views.chosen(query.target), query));
    },
    backup: async (c) => {
      parseQuery(noQuery, c.req.url);
      const { view, parts } = views.ofBackup(idOf(c));
      const name = `${idOf(c)} ${view.generation}`;
      return c.json(await view.inTime(details.answer(name, () => backupAnswer(view, parts))));
    },
    plan: async (c) => {
      assertOwnSite(c.req.header('sec-fetch-site'));
      const { target } = parseQuery(targetQuery, c.req.url);
      const id = idOf(c);
      const into = views.named(target ?? views.ofBackup(id).view.name);
      return c.json(await plans.answer(`${id} ${into.name}`, (signal) => planAnswer(into.served, id, { now, signal })));
    },
    runs: async (c) => {
      const query = parseQuery(runsQuery, c.req.url);
      return c.json(await runsAnswer(views.chosen(query.target), query));
    },
    logs: (c) => {
      const query = parseQuery(logsQuery, c.req.url);
      if (query.target !== undefined) views.named(query.target);
      return c.json({ lines: logs.query(query) } satisfies LogsAnswer);
    },
    retention: async (c) => {
      assertOwnSite(c.req.header('sec-fetch-site'));
      const view = views.theOne(parseQuery(targetQuery, c.req.url).target);
      return c.json(await retentions.answer(`${view.name} ${view.generation}`, () => retentionAnswer(view, now())));
    },
    events: (c) => {
      const withLogs = parseQuery(eventsQuery, c.req.url).logs === 'true';
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
      streams.begin(c.env.incoming, c.env.outgoing, { withLogs });
      return RESPONSE_ALREADY_SENT;
    },
    token: (c) => {
      assertToken(c, access);
      return c.body(null, 204);
    },
    backUp: async (c) => c.json(backUpNow(views.named((await act(c, backUpBody)).target), deps), 202),
    verify: async (c) => {
      const how = await act(c, verifyBody);
      const { view, parts } = views.ofBackup(idOf(c));
      return c.json(await verifyNow(view, parts, how, deps), 202);
    },
    pin: (c) => mark(c, 'pinned'),
    unpin: (c) => mark(c, 'unpinned'),
    health: (c) => healthAnswer(c, healthOf(service, now())),
    ready: async (c) => healthAnswer(c, await readinessOf(service, views.all)),
    metrics: async (c) => {
      try {
        const text = await metrics.run('', deps.metrics);
        return c.body(text, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
      } catch (error) {
        deps.log.error({ err: error }, 'The metrics could not be made');
        throw new Refusal(503, 'no-metrics', 'The metrics could not be made.', { hint: 'The log says why.' });
      }
    },
  };
}

function assertToken({ req, env }: Context<Env>, access: Access): void {
  access.assertToken(req.header('authorization'), env.incoming.socket.remoteAddress ?? '');
}

function idOf({ req }: Context<Env>): string {
  return req.param('id') ?? '';
}

function healthAnswer(c: Context<Env>, health: Healthy | Unhealthy): Response {
  return c.json(health, health.status === 'ok' ? 200 : 503);
}
