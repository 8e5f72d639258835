import type { EventSink } from '../../core/alerts/event-sink.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { BackupEvent } from '../../core/model/events.ts';

/** Keeps what it is told, unless it is down. */
export class RecordingSink implements EventSink {
  readonly name = 'recording sink';
  readonly events: BackupEvent[] = [];
  isDown = false;

  async send(events: BackupEvent[]): Promise<void> {
    if (this.isDown) throw new BackupError('not-delivered', 'The sink is down.', { retryable: true });
    this.events.push(...events);
  }

  get told(): string[] {
    return this.events.map(({ detail }) => detail.eventId);
  }
}
