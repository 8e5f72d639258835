import { readEntry } from '../../core/catalog/catalog.ts';
import { readMarks } from '../../core/catalog/marks.ts';
import { readVerifications } from '../../core/catalog/verifications.ts';
import type { BackupIdParts } from '../../core/model/backup-id.ts';
import { backupPrefix } from '../../core/model/keys.ts';
import type { BackupAnswer, BackupsAnswer } from './api.ts';
import type { BackupsQuery } from './queries.ts';
import { backupNotFound } from './refusal.ts';
import type { TargetView } from './target-view.ts';

const MAX_VERIFICATIONS = 50;

/** A page of the backups of some targets. @throws store-* */
export async function backupsAnswer(views: readonly TargetView[], query: BackupsQuery): Promise<BackupsAnswer> {
  const { tier, search, limit, before } = query;
  const found = await Promise.all(
    views.map(async (view) => {
      const backups = (await view.backups()).filter((backup) => tier === undefined || backup.tier === tier);
      return search === undefined ? backups : view.inTime(view.summaries.matching(backups, search));
    }),
  );
  // Ids begin with the scheduled time.
  const matching = found.flat().sort((a, b) => (a.backupId < b.backupId ? 1 : -1));
  const rest = before === undefined ? matching : matching.filter(({ backupId }) => backupId < before);
  const backups = rest.slice(0, limit);
  return { backups, total: matching.length, next: rest.length > limit ? (backups.at(-1)?.backupId ?? null) : null };
}

/** All that is known of one backup, read now. @throws Refusal 404; store-* */
export async function backupAnswer({ summaries, served }: TargetView, parts: BackupIdParts): Promise<BackupAnswer> {
  const { store } = served;
  const [backup] = await summaries.list(backupPrefix(parts));
  const entry = backup && (await readEntry(store, parts));
  if (!entry) throw backupNotFound(`There is no such backup in ${store.url}.`);
  const verifications = await readVerifications(store, parts, MAX_VERIFICATIONS);
  const marks = await readMarks(store, parts);
  return {
    backup,
    manifest: 'manifest' in entry.content ? entry.content.manifest : null,
    verifications: verifications.map(({ verifiedAt, outcome, engine, failure, differences, loadSeconds }) => {
      return { verifiedAt, outcome, engine, failure, differences, loadSeconds };
    }),
    marks: marks.reverse().map(({ mark, at, by, note }) => ({ mark, at, by, note })),
  };
}
