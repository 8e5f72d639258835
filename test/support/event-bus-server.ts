import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const HOST = '127.0.0.1';
const REGION = 'eu-west-1';
const ACCESS_KEY = 'AKIAEXAMPLE';
export const EVENTS_SECRET = 'secret-of-the-events-key';

const putEventsSchema = z.strictObject({
  Entries: z
    .array(
      z.strictObject({
        Source: z.string(),
        DetailType: z.string(),
        Detail: z.string(),
        EventBusName: z.string(),
        Time: z.number(),
      }),
    )
    .min(1)
    .max(10),
});

export interface Taken {
  source: string;
  type: string;
  bus: string;
  /** Seconds since 1970. */
  time: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  detail: any;
}

/** `refuse` answers 200, with a code for the entries that it does not take, by their place and the number of the call. */
export type Manners = 'take' | 'fail' | 'stall' | { refuse: (place: number, call: number) => string | undefined };

export interface EventBusServer extends AsyncDisposable {
  /** For a client that is to talk to it. */
  env: Record<string, string>;
  /** All that came, heads too, as it came. */
  received: string[];
  /** Of each call that was understood, how many events it brought. */
  calls: number[];
  taken: Taken[];
  manners: Manners;
}

/** Stands for Amazon EventBridge: PutEvents, by its JSON protocol. */
export async function startEventBusServer(manners: Manners = 'take'): Promise<EventBusServer> {
  const server = createServer((request, response) => void handle(request, response, bus));
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The event bus has no port');
  const bus: EventBusServer = {
    env: {
      AWS_ENDPOINT_URL_EVENTBRIDGE: `http://${HOST}:${address.port}`,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: EVENTS_SECRET,
    },
    received: [],
    calls: [],
    taken: [],
    manners,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return bus;
}

async function handle(request: IncomingMessage, response: ServerResponse, bus: EventBusServer): Promise<void> {
  const body = await text(request);
  bus.received.push(`${request.rawHeaders.join('\n')}\n${body}`);
  const answer = (status: number, json: unknown) =>
    response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(JSON.stringify(json));
  const { manners } = bus;
  if (manners === 'stall') return;
  if (manners === 'fail') return void answer(500, { __type: 'InternalException' });
  const parsed = putEventsSchema.safeParse(JSON.parse(body));
  if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents' || !parsed.success)
    return void answer(400, { __type: 'ValidationException', message: String(parsed.error) });
  const call = bus.calls.push(parsed.data.Entries.length);
  const entries = parsed.data.Entries.map((entry, place) => {
    const code = manners === 'take' ? undefined : manners.refuse(place, call);
    if (code !== undefined) return { ErrorCode: code, ErrorMessage: `Not taken: ${entry.Detail}` };
    const { Source: source, DetailType: type, EventBusName, Time: time } = entry;
    bus.taken.push({ source, type, bus: EventBusName, time, detail: JSON.parse(entry.Detail) });
    return { EventId: randomUUID() };
  });
  answer(200, { FailedEntryCount: entries.filter((entry) => 'ErrorCode' in entry).length, Entries: entries });
}
