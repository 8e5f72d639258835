import type { BackupEvent, EventType } from '../model/events.ts';
import type { EventSink } from './event-sink.ts';
import { type Beat, type HeartbeatOptions, sendHeartbeat } from './heartbeat.ts';

/** A skipped one counts: what it would hold is in another that is good. */
const STATUS_OF: Partial<Record<EventType, Beat['status']>> = {
  'Backup Completed': 'success',
  'Backup Skipped': 'success',
  'Backup Failed': 'failure',
};

/** Beats for the end of each backup, and for nothing else. The safety backup of a restore is no event. */
export class HeartbeatSink implements EventSink {
  readonly name: string;
  readonly #options: HeartbeatOptions;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.name = `heartbeat at ${URL.parse(options.url)?.origin}`;
  }

  /** @throws not-delivered; invalid-settings where the URL is none */
  async send(events: BackupEvent[]): Promise<void> {
    for (const { type, detail } of events) {
      const status = STATUS_OF[type];
      const text = [detail.message, detail.hint].filter((line) => line !== null).join('\n');
      const problem = status && (await sendHeartbeat({ status, text }, this.#options));
      if (problem) throw problem;
    }
  }
}
