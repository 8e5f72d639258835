import { z } from 'zod';
import type { EventSink } from '../../core/alerts/event-sink.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import { type BackupEvent, EVENT_SOURCE, EVENT_TYPES, eventDetailSchema } from '../../core/model/events.ts';
import { parseInput } from '../../core/model/function-inputs.ts';
import { type Logger, logOfRun } from '../runtime/logger.ts';
import type { ToldBefore } from './told-before.ts';
import type { Webhook } from './webhooks.ts';

/** As a rule of EventBridge hands it over. */
const notifyInputSchema = z.object({
  id: z.string(),
  source: z.literal(EVENT_SOURCE),
  'detail-type': z.enum(EVENT_TYPES),
  detail: eventDetailSchema,
});

export interface NotifyDeps {
  topic: EventSink;
  /** @throws invalid-settings, not-delivered */
  webhooks: () => Promise<Webhook[]>;
  toldBefore: ToldBefore;
  log: Logger;
}

export interface NotifyAnswer {
  eventId: string;
  /** Who knows of it, or wants to know nothing of such events. */
  told: string[];
}

/**
 * Tells people of an event, by the topic and by webhooks, all at once. Nobody's failure keeps the others from theirs; it
 * fails the invocation at the end, which Lambda repeats, twice, and lays into the dead-letter queue then.
 * @throws invalid-argument, not-delivered
 */
export async function notify(input: unknown, deps: NotifyDeps): Promise<NotifyAnswer> {
  const { 'detail-type': type, detail } = parseInput(notifyInputSchema, input);
  const event: BackupEvent = { type, detail };
  const { eventId, target, runId } = detail;
  const log = logOfRun(deps.log, { target, ...(runId === null ? {} : { runId }) });
  const outcomes = await Promise.all([tell('topic', deps.topic, event, deps.toldBefore), tellWebhooks(event, deps)]);
  const all = outcomes.flat();
  const failures = all.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
  const told = all.flatMap((outcome) => ('told' in outcome ? [outcome.told] : []));
  for (const error of failures) log.error('A notice was not delivered', error);
  log.info('Told', { eventId, told });
  const [first] = failures;
  if (first) throw notDelivered(event, first, failures, told);
  return { eventId, told };
}

type Outcome = { told: string } | { error: BackupError };

async function tellWebhooks(event: BackupEvent, { webhooks, toldBefore }: NotifyDeps): Promise<Outcome[]> {
  try {
    const all = await webhooks();
    return await Promise.all(all.map(({ key, sink }) => tell(key, sink, event, toldBefore)));
  } catch (error) {
    return [{ error: toBackupError(error) }];
  }
}

/** @param key names the sink: several webhooks may have the same host, and so the same name */
async function tell(key: string, sink: EventSink, event: BackupEvent, toldBefore: ToldBefore): Promise<Outcome> {
  const { eventId } = event.detail;
  try {
    if (!toldBefore.has(key, eventId)) await sink.send([event]);
    toldBefore.add(key, eventId);
    return { told: sink.name };
  } catch (error) {
    return { error: toBackupError(error) };
  }
}

function notDelivered(
  { type, detail }: BackupEvent,
  first: BackupError,
  failures: BackupError[],
  told: string[],
): BackupError {
  const who = told.length === 0 ? 'Nobody was told' : `Only ${told.join(', ')} could be told`;
  const why = failures.map(({ message }) => message).join(' ');
  return new BackupError('not-delivered', `${who} of "${type}" of ${detail.target} (${detail.eventId}). ${why}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    retryable: failures.some(({ retryable }) => retryable),
  });
}
