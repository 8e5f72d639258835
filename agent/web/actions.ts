import type { Logger } from 'pino';
import { findManifest } from '../../core/catalog/catalog.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import type { MarkKind } from '../../core/model/mark.ts';
import type { Service } from '../service/port.ts';
import type { AcceptedAnswer, MarkAnswer } from './api.ts';
import { backupNotFound } from './refusal.ts';
import type { TargetView } from './target-view.ts';

/** In records of who said something. */
const BY = 'dashboard';

export interface ActionDeps {
  service: Service;
  log: Logger;
  now: () => Date;
}

/** @throws lease-held */
export function backUpNow({ name }: TargetView, { service, log }: ActionDeps): AcceptedAnswer {
  const accepted = service.backUpNow(name);
  log.info({ target: name, ...accepted }, 'The dashboard asked for a backup');
  return accepted;
}

/** @throws Refusal 404; lease-held, store-* */
export async function verifyNow(
  view: TargetView,
  parts: BackupIdParts,
  how: { load: boolean },
  { service, log }: ActionDeps,
): Promise<AcceptedAnswer> {
  const { name, served } = view;
  const backupId = formatBackupId(parts);
  const manifest = await view.inTime(findManifest(served.store, parts));
  if (!manifest) throw backupNotFound(`There is no backup ${backupId} in ${served.store.url}.`);
  const accepted = { ...service.verify(name, backupId, how), backupId };
  log.info({ target: name, ...accepted, ...how }, 'The dashboard asked for a verification');
  return accepted;
}

/** Where nobody waits any more it may still come to pass, and is then in the log. @throws backup-not-found, store-* */
export function markNow(
  view: TargetView,
  parts: BackupIdParts,
  { mark, note }: { mark: MarkKind; note: string | null },
  { log, now }: ActionDeps,
): Promise<MarkAnswer> {
  const noting = async () => {
    const { by, at } = await addMark(view.served.store, parts, { mark, by: BY, note, now: now() });
    view.drop();
    log.info({ target: view.name, backupId: formatBackupId(parts), note }, `The dashboard says that it is ${mark}`);
    return { mark, at, by, note };
  };
  return view.inTime(noting());
}
