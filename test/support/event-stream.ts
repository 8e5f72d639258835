import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { ServerEvent } from '../../agent/web/api.ts';
import { eventually } from './eventually.ts';

export interface Streamed {
  id: string | undefined;
  /** Of the `event:` line. */
  name: string;
  event: ServerEvent;
}

export interface EventStream extends AsyncDisposable {
  status: number;
  headers: IncomingMessage['headers'];
  /** All that came so far. */
  events: Streamed[];
  text(): string;
  /** When one that satisfies it is there; those before may be too. */
  until(wanted: (event: ServerEvent) => boolean): Promise<Streamed>;
  ended: Promise<void>;
}

/** Listens as a browser's EventSource does. */
export async function openEventStream(
  url: string,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<EventStream> {
  const asked = request(`${url}/api/v1/events${query}`, { headers, agent: false }).end();
  const [response]: IncomingMessage[] = await once(asked, 'response');
  if (!response) throw new Error('There was no answer.');
  let text = '';
  let rest = '';
  const events: Streamed[] = [];
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.flatMap(parseEvent));
  });
  // A server that drops us is what some tests wait for.
  response.on('error', () => {});
  const ended = new Promise<void>((resolve) => response.on('close', resolve));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    text: () => text,
    until: (wanted) =>
      eventually(() => {
        const found = events.find(({ event }) => wanted(event));
        if (!found) throw new Error(`It is not among ${events.length} events.`);
        return found;
      }),
    ended,
    [Symbol.asyncDispose]: async () => {
      asked.destroy();
      await ended;
    },
  };
}

function parseEvent(block: string): Streamed[] {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  const data = field('data');
  return data === undefined ? [] : [{ id: field('id'), name: field('event') ?? '', event: JSON.parse(data) }];
}
