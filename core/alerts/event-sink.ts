import type { BackupEvent } from '../model/events.ts';

/** Where events are told: an event bus, a webhook. */
export interface EventSink {
  /** For logs and records; holds no secret. */
  readonly name: string;
  /**
   * Tells all of them, trying again where that may help, within a bound.
   * @throws not-delivered
   */
  send(events: BackupEvent[]): Promise<void>;
}
