import type { Retainable } from './retention.ts';

/** A backup with fewer than this share of the nodes of an older one has lost data, as far as anybody can tell. */
const COLLAPSED_SHARE = 0.5;
/** A single graph with fewer nodes may shrink as it likes. */
const MIN_GRAPH_NODES = 100;

/**
 * Those of the undecided that hold what the newest good backup has lost, each with the reason: half of the nodes, all
 * in all or of a graph, or a graph. One that a later one stands for, which holds as much and will itself stay, is not among them. Nothing is held back that is
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
  const lost = lostGraphs(older, newer);
  if (lost.length > 0)
    return `${newer.backupId} has lost ${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', ...' : ''}`;
  const [before, after] = [nodesOf(older), nodesOf(newer)];
  if (after >= COLLAPSED_SHARE * before) return undefined;
  return `${newer.backupId} holds ${after} nodes, this one ${before}`;
}

function holdsAllOf(later: Retainable, earlier: Retainable): boolean {
  return lostGraphs(earlier, later).length === 0 && nodesOf(later) >= nodesOf(earlier);
}

/** Those that are gone, or have lost most of their nodes, as people are told of them. */
function lostGraphs(older: Retainable, newer: Retainable): string[] {
  const nodesNow = new Map(newer.graphs.map(({ name, nodes }) => [name, nodes]));
  return older.graphs.flatMap(({ name, nodes }) => {
    const left = nodesNow.get(name);
    if (left === undefined) return `graph ${name}`;
    return nodes >= MIN_GRAPH_NODES && left < COLLAPSED_SHARE * nodes ? `${nodes - left} of ${nodes} nodes of ${name}` : [];
  });
}

function nodesOf({ graphs }: Retainable): number {
  return graphs.reduce((sum, { nodes }) => sum + nodes, 0);
}
