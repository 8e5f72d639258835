import type { GraphSummary, Manifest } from '../../core/model/manifest.ts';

const SHOWN_GRAPHS = 50;

/** What people choose a backup by. */
export function describeBackup({ backupId, tier, rdb, stored, graphs }: Manifest, now: Date) {
  return {
    backupId,
    tier,
    takenAt: rdb.createdAt,
    ageSeconds: Math.round((now.getTime() - Date.parse(rdb.createdAt)) / 1000),
    rdbBytes: rdb.bytes,
    storedBytes: stored.bytes,
    ...countGraphs(graphs),
  };
}

export function countGraphs(graphs: GraphSummary[]) {
  return {
    graphs: graphs.length,
    nodes: graphs.reduce((sum, { nodes }) => sum + nodes, 0),
    edges: graphs.reduce((sum, { edges }) => sum + edges, 0),
  };
}

/** Of some: what a function answers is limited to 6 MB, and a server can hold ten thousand. */
export function namesOf(graphs: GraphSummary[]): string[] {
  return graphs.slice(0, SHOWN_GRAPHS).map(({ name }) => name);
}
