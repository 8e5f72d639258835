import { isPlausible } from '../../core/model/alert.ts';
import { fromCompactTimestamp } from '../../core/model/timestamp.ts';
import type { Sample } from './definitions.ts';
import type { StoreFacts } from './store-facts.ts';

const NAME = 'falkordb_backup_first_seen_timestamp_seconds';

/** Of all that was read and listed anyway, or now where there is nothing: the metrics file remembers what was earlier. */
export function firstSeen({ runs, verifications, now }: StoreFacts): Date {
  const times = [
    ...runs.flatMap(({ runId }) => fromCompactTimestamp(runId.slice(0, 16)) ?? []),
    ...(verifications.oldestBackupAt ? [verifications.oldestBackupAt] : []),
  ];
  return times.filter((at) => isPlausible(at, now)).reduce((first, at) => (at < first ? at : first), now);
}

/** The earliest stays, also where the store has deleted by now what told of it. */
export function keepEarliest(fresh: Sample[], before: readonly Sample[]): Sample[] {
  return fresh.map((each) => {
    const old = each.name === NAME ? before.find(({ name, labels }) => isSame(name, labels, each)) : undefined;
    return old && old.value > 0 && old.value < each.value ? { ...each, value: old.value } : each;
  });
}

function isSame(name: string, labels: Sample['labels'], each: Sample): boolean {
  return name === each.name && labels.target === each.labels.target;
}
