import type { Manifest } from '../../core/model/manifest.ts';
import type { Verification } from '../../core/model/verification.ts';
import { isSameEngine } from '../prove.ts';
import { formatSeconds } from './format.ts';

/** `loaded by FalkorDB 4.16.3 on Redis 8.2.3 in 1.2s: 2 graphs, 10 nodes, 4 edges`, with what one should know about it. */
export function describeVerification(manifest: Manifest, verification: Verification): string {
  const { engine, contents, loadSeconds, outcome, differences } = verification;
  const by = `FalkorDB ${engine.falkordb} on Redis ${engine.redis}`;
  const writer = isSameEngine(manifest, verification)
    ? ''
    : `; written by FalkorDB ${manifest.engine.falkordb} on Redis ${manifest.engine.redis}`;
  if (!contents) return `NOT loaded by ${by}${writer}`;
  const sum = (what: 'nodes' | 'edges') => contents.graphs.reduce((total, graph) => total + graph[what], 0);
  const holds = `${contents.graphs.length} graphs, ${sum('nodes')} nodes, ${sum('edges')} edges`;
  const remarks =
    differences.length === 0
      ? ''
      : ` (${outcome === 'failed' ? 'FAILED' : 'unlike when it was counted'}: ${differences.join('; ')})`;
  return `loaded by ${by} in ${formatSeconds(loadSeconds)}: ${holds}${writer}${remarks}`;
}
