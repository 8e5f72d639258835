import { type CatalogEntry, listBackups } from '../../../core/catalog/catalog.ts';
import type { RestoreDeps } from '../deps.ts';
import { describeBackup } from '../describe-backup.ts';
import type { InputOf } from '../inputs.ts';

export async function list({ target, tier, limit }: InputOf<'list'>, { store, now }: RestoreDeps) {
  const entries = await listBackups(store, { target, ...(tier ? { tier } : {}) });
  const newestFirst = entries.toSorted((a, b) => takenAt(b) - takenAt(a));
  return { target, total: entries.length, backups: newestFirst.slice(0, limit).map((entry) => describe(entry, now())) };
}

/** As nearly as is known. */
function takenAt({ content, parts }: CatalogEntry): number {
  return 'manifest' in content ? Date.parse(content.manifest.rdb.createdAt) : parts.scheduledFor.getTime();
}

function describe({ backupId, parts, content, verified, pinned, isStored }: CatalogEntry, now: Date) {
  if ('manifest' in content) {
    return { status: isStored ? 'ok' : 'incomplete', ...describeBackup(content.manifest, now), verified, pinned };
  }
  const { code, message, hint = null } = content.error;
  return { status: 'unreadable', backupId, tier: parts.tier, verified, pinned, error: { code, message, hint } };
}
