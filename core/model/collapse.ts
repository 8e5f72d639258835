import type { Retainable } from './retention.ts';

/** A backup with fewer than this share of the nodes of an older one has lost data, as far as anybody can tell. */
const COLLAPSED_SHARE = 0.5;
/** A single graph with fewer nodes may shrink as it likes. */
const MIN_GRAPH_NODES = 100;

/**
 * Those of the undecided that hold what the newest good backup has lost, each with the reason: a graph, or half of the
 * nodes, of all or of one graph. One that a later one stands for, which holds as much and will itself stay, is not among
 * them. Nothing is held back that is older than a backup which somebody pinned, or of which somebody said that it may
 * hold less.
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
  if (lost.length > 0) return `${newer.backupId} has lost graph ${firstOf(lost)}`;
  const [before, after] = [nodesOf(older), nodesOf(newer)];
  if (after < COLLAPSED_SHARE * before) return `${newer.backupId} holds ${after} nodes, this one ${before}`;
  const emptied = emptiedGraphs(older, newer);
  return emptied.length > 0 ? `${newer.backupId} has lost most nodes of graph ${firstOf(emptied)}` : undefined;
}

function holdsAllOf(later: Retainable, earlier: Retainable): boolean {
  const lost = [...lostGraphs(earlier, later), ...emptiedGraphs(earlier, later)];
  return lost.length === 0 && nodesOf(later) >= nodesOf(earlier);
}

function lostGraphs(older: Retainable, newer: Retainable): string[] {
  const names = new Set(newer.graphs.map(({ name }) => name));
  return older.graphs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
}

function emptiedGraphs(older: Retainable, newer: Retainable): string[] {
  const nodesNow = new Map(newer.graphs.map(({ name, nodes }) => [name, nodes]));
  return older.graphs
    .filter(({ name, nodes }) => nodes >= MIN_GRAPH_NODES && (nodesNow.get(name) ?? nodes) < COLLAPSED_SHARE * nodes)
    .map(({ name }) => name);
}

function firstOf(names: string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`;
}

function nodesOf({ graphs }: Retainable): number {
  return graphs.reduce((sum, { nodes }) => sum + nodes, 0);
}
