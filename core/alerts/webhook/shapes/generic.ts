import { type BackupEvent, EVENT_SOURCE } from '../../../model/events.ts';

/** The event as it is, for programs. */
export function genericBody({ type, detail }: BackupEvent) {
  return { type, source: EVENT_SOURCE, detail };
}
