import type { Retainable } from './retention.ts';

/** A backup with fewer than this share of the nodes of an older one has lost data, as far as anybody can tell. */
const COLLAPSED_SHARE = 0.5;

/**
 * Those of the undecided that hold what the newest good backup has lost, each with the reason: half of the nodes, or a
 * graph. One that a later one stands for, which holds as much and will itself stay, is not among them. Nothing is held back that is
 * older than a backup which somebody pinned, or of which somebody said that it may hold less.
 * @param newestFirst all backups of a target
 */
export function findCollapses<T extends Retainable>(
  newestFirst: T[],
  isUndecided: (backup: T) => boolean,
): [T, string][] {
  const good = newestFirst.filter(({ isGood, tier }) => isGood && tier !== 'pre-restore');
  const [newest] = good;
  if (!newest) return [];
  const vouchedAt = good.find(({ isPinned, isCollapseAccepted }) => isPinned || isCollapseAccepted)?.takenAt;
  const held: [T, string][] = [];
  const standing: T[] = [];
  for (const backup of good) {
    if (vouchedAt && backup.takenAt < vouchedAt) break;
    const loss = describeLoss(backup, newest);
    if (loss === undefined) continue;
    const isStoodFor = standing.some((later) => holdsAllOf(later, backup));
    if (isUndecided(backup) && isStoodFor) continue;
    if (isUndecided(backup))
      held.push([backup, `${loss}; "prune --accept-collapse ${newest.backupId}" if that is right`]);
    standing.push(backup);
  }
  return held;
}

/** What `newer` lacks of what `older` holds; undefined where that is not much. */
export function describeLoss(older: Retainable, newer: Retainable): string | undefined {
  const names = new Set(newer.graphs.map(({ name }) => name));
  const lost = older.graphs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (lost.length > 0)
    return `${newer.backupId} has lost graph ${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', ...' : ''}`;
  const [before, after] = [nodesOf(older), nodesOf(newer)];
  if (after >= COLLAPSED_SHARE * before) return undefined;
  return `${newer.backupId} holds ${after} nodes, this one ${before}`;
}

function holdsAllOf(later: Retainable, earlier: Retainable): boolean {
  const names = new Set(later.graphs.map(({ name }) => name));
  return earlier.graphs.every(({ name }) => names.has(name)) && nodesOf(later) >= nodesOf(earlier);
}

function nodesOf({ graphs }: Retainable): number {
  return graphs.reduce((sum, { nodes }) => sum + nodes, 0);
}
