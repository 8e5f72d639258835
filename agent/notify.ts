import type { EventSink } from '../core/alerts/event-sink.ts';
import { type BackupError, toBackupError } from '../core/model/errors.ts';
import { backupEvent } from '../core/model/events.ts';

export interface TestNotice {
  target: string;
  /** Makes it a notice of its own. */
  occasion: string;
  /** Who wants to know. */
  askedBy: string;
  now: Date;
}

export interface Delivery {
  sink: string;
  /** Undefined where it was delivered. */
  error?: BackupError;
}

/** Sends one notice to each sink; one that fails keeps it from no other. @returns in the order of the sinks */
export async function sendTestNotice(
  sinks: readonly EventSink[],
  { target, occasion, askedBy, now }: TestNotice,
): Promise<{ eventId: string; deliveries: Delivery[] }> {
  const event = backupEvent('Test Notice', occasion, {
    at: now.toISOString(),
    target,
    message: `This is a test that ${askedBy} asked for: notices of ${target} arrive here.`,
  });
  const deliveries = await Promise.all(
    sinks.map(async (sink): Promise<Delivery> => {
      try {
        await sink.send([event]);
        return { sink: sink.name };
      } catch (error) {
        return { sink: sink.name, error: toBackupError(error) };
      }
    }),
  );
  return { eventId: event.detail.eventId, deliveries };
}
