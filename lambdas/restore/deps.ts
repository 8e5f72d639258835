import type { EventSink } from '../../core/alerts/event-sink.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { SendDeps } from '../commands/send-request.ts';
import type { Logger } from '../runtime/logger.ts';

export interface RestoreDeps extends SendDeps {
  store: ObjectStore;
  sink: EventSink;
  now: () => Date;
  /** Until the function is ended from outside. */
  remainingMs: () => number;
  log: Logger;
}
