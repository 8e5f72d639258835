import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EventSink } from '../../core/alerts/event-sink.ts';
import { onlyTypes } from '../../core/alerts/only-types.ts';
import { SHAPE_NAMES } from '../../core/alerts/webhook/shapes.ts';
import { WebhookSink } from '../../core/alerts/webhook/webhook-sink.ts';
import { BackupError } from '../../core/model/errors.ts';
import { EVENT_TYPES, NOTICED_BY_DEFAULT } from '../../core/model/events.ts';

const MAX_WEBHOOKS = 20;
/** What is not delivered by then Lambda tries again; a receiver that hangs must not use up the invocation. */
const WEBHOOK_TIMEOUT_MS = 20_000;

/** What the parameter holds. */
const webhooksSchema = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }),
        /** Signs what is posted. */
        secret: z.string().min(1).optional(),
        /** By default that of the URL's host. */
        shape: z.enum(SHAPE_NAMES).optional(),
        /** Those it is told of; by default what people have to know. */
        events: z.array(z.enum(EVENT_TYPES)).min(1).optional(),
      }),
    )
    .max(MAX_WEBHOOKS),
});

export interface Webhook {
  /** Stays, wherever in the parameter it stands, and holds no secret. */
  key: string;
  sink: EventSink;
}

export interface WebhookSettings {
  /** Whether they may be in the network of the function. */
  allowPrivateAddresses: boolean;
  userAgent: string;
}

/** @throws invalid-settings, which repeats nothing of the text: it holds secrets */
export function webhooksOf(text: string, parameter: string, settings: WebhookSettings): Webhook[] {
  const parsed = webhooksSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'the whole'} (${code})`);
    throw new BackupError('invalid-settings', `The parameter ${parameter} is wrong: ${wrong.join(', ')}.`, {
      hint: 'It is JSON: {"webhooks":[{"url":"https://...","secret":"...","shape":"generic","events":["Backup Failed"]}]}, of which only url must be there.',
    });
  }
  return parsed.data.webhooks.map(({ events = NOTICED_BY_DEFAULT, ...webhook }) => {
    const { url, shape } = webhook;
    const sink = new WebhookSink({ ...webhook, ...settings, totalTimeoutMs: WEBHOOK_TIMEOUT_MS });
    return { key: keyOf([url, shape, events]), sink: onlyTypes(events, sink) };
  });
}

/** Not of the URL alone: one that stands there twice, for other events, may have been told as the one and not as the other. */
function keyOf(parts: unknown[]): string {
  return `webhook ${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}

/** What Node says of bad JSON quotes it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
