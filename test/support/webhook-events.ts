import { type BackupEvent, backupEvent, type EventDetail, type EventType } from '../../core/model/events.ts';

/** With everything known that an event can tell. */
export function exampleEvent(type: EventType = 'Backup Failed', known: Partial<EventDetail> = {}): BackupEvent {
  return backupEvent(type, '20261122T023000Z-a', {
    at: '2026-11-22T02:31:00.000Z',
    target: 'prod',
    tier: 'daily',
    runId: '20261122T023000Z-a',
    backupId: '20261122T023000Z-prod-daily',
    message: 'No room: 3 GiB are needed & 2 GiB are free on </data>.',
    hint: 'Free some, or set <BACKUP_SCRATCH_DIR>.',
    failure: { code: 'no-room', message: 'No room.', hint: null, retryable: false },
    durationSeconds: 61.5,
    sizes: { rdbBytes: 3_000_000, storedBytes: 1_000_000 },
    ...known,
  });
}
