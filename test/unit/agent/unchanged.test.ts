import { describe, expect, it } from 'vitest';
import type { ServerInfo } from '../../../agent/falkordb/server-info.ts';
import { isUnchanged } from '../../../agent/unchanged.ts';
import type { GraphSummary, Manifest } from '../../../core/model/manifest.ts';
import { EXAMPLE_GRAPH, exampleManifest } from '../../support/example-manifest.ts';

const last = exampleManifest();
const info: Pick<ServerInfo, 'runId' | 'save'> = {
  runId: last.server.runId,
  save: {
    running: false,
    aofRewriteRunning: false,
    lastStatusOk: true,
    startedCount: last.server.rdbSaves ?? 0,
    lastSave: last.server.lastSave ?? 0,
    changes: 0,
    flushes: 0,
    keysProcessed: 0,
    keysTotal: 0,
  },
};

describe('isUnchanged', () => {
  it('is true where nothing happened since the last backup', () => {
    expect(isUnchanged(last, info, structuredClone(last.graphs))).toBe(true);
  });

  it.each<[string, Partial<ServerInfo>]>([
    ['another start of the server', { runId: 'b'.repeat(40) }],
    ['another save', { save: { ...info.save, startedCount: info.save.startedCount + 1 } }],
    ['another time of the last save', { save: { ...info.save, lastSave: info.save.lastSave + 1 } }],
    ['a save that runs', { save: { ...info.save, running: true } }],
    ['a write', { save: { ...info.save, changes: 1 } }],
  ])('is false after %s', (_, change) => expect(isUnchanged(last, { ...info, ...change }, last.graphs)).toBe(false));

  it.each<[string, GraphSummary[]]>([
    ['a graph was added', [EXAMPLE_GRAPH, { ...EXAMPLE_GRAPH, name: 'new', nodes: 0, edges: 0 }]],
    ['a graph was deleted', []],
    ['a graph was renamed', [{ ...EXAMPLE_GRAPH, name: 'new' }]],
    ['a node was added', [{ ...EXAMPLE_GRAPH, nodes: EXAMPLE_GRAPH.nodes + 1 }]],
    ['an index was dropped', [{ ...EXAMPLE_GRAPH, indexes: [] }]],
  ])('is false where %s', (_, graphs) => expect(isUnchanged(last, info, graphs)).toBe(false));

  it('is false after a backup by replication, which says nothing of saves', () => {
    const replicated: Manifest = { ...last, server: { ...last.server, lastSave: null, rdbSaves: null } };
    expect(isUnchanged(replicated, info, last.graphs)).toBe(false);
    const neverSaved = { ...info, save: { ...info.save, startedCount: 0, lastSave: 0 } };
    expect(isUnchanged(replicated, neverSaved, last.graphs)).toBe(false);
  });
});
