import type { Logger } from 'pino';
import { findManifest } from '../../core/catalog/catalog.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import type { MarkKind } from '../../core/model/mark.ts';
import type { Service } from '../service/port.ts';
import type { AcceptedAnswer, MarkAnswer } from './api.ts';
import { notFound } from './refusal.ts';
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
  { name, served }: TargetView,
  parts: BackupIdParts,
  how: { load: boolean },
  { service, log }: ActionDeps,
): Promise<AcceptedAnswer> {
  const backupId = formatBackupId(parts);
  if (!(await findManifest(served.store, parts)))
    throw notFound(`There is no backup ${backupId} in ${served.store.url}.`);
  const accepted = { ...service.verify(name, backupId, how), backupId };
  log.info({ target: name, ...accepted, ...how }, 'The dashboard asked for a verification');
  return accepted;
}

/** @throws backup-not-found, store-* */
export async function markNow(
  view: TargetView,
  parts: BackupIdParts,
  { mark, note }: { mark: MarkKind; note: string | null },
  { log, now }: ActionDeps,
): Promise<MarkAnswer> {
  const { by, at } = await addMark(view.served.store, parts, { mark, by: BY, note, now: now() });
  view.drop();
  log.info({ target: view.name, backupId: formatBackupId(parts), note }, `The dashboard says that it is ${mark}`);
  return { mark, at, by, note };
}
