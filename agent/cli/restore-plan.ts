import type { RestorePlan } from '../restore/plan.ts';
import { formatBytes, formatFields, formatTime } from './format.ts';

const SHOWN_GRAPHS = 10;

export function describePlan(plan: RestorePlan, now: Date): string {
  const { request, source, target, server, graphs, proof, refusals, notes } = plan;
  const { falkordb, redis } = source.engine;
  const fields: [string, string][] = [
    ['restore', `${source.name}, ${formatBytes(source.bytes)}`],
    ['taken', formatTime(source.takenAt, now)],
    ['written by', falkordb ? `FalkorDB ${falkordb} on Redis ${redis}` : `Redis ${redis ?? 'of unknown version'}`],
    ['proved', provedBy(plan, now)],
    ['into', `${target} at ${server.address}: FalkorDB ${server.falkordbVersion} on Redis ${server.redisVersion}`],
    ['it holds now', `${describeGraphs(graphs)}, ${server.keys} keys: all of it is replaced`],
    [
      'lost',
      request.withSafetyBackup
        ? 'nothing: what it holds is backed up first, after the last write'
        : 'all that it holds now (--no-safety-backup)',
    ],
    ['meanwhile', 'reads are answered from the old data, writes are refused; while it loads, everything is'],
  ];
  const steps = [
    ...(proof || request.unproven ? [] : ['prove: load it into a throw-away FalkorDB']),
    'freeze: FalkorDB takes no more writes',
    ...(request.withSafetyBackup ? ['safety backup'] : []),
    'stream and load',
    'compare',
    'persist: its own files hold it',
    'promote: FalkorDB takes writes again',
  ];
  return [
    formatFields(fields),
    '',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    ...notes.map((note) => `note: ${note}`),
    ...refusals.map(({ message, hint }) => `REFUSED: ${message}${hint ? `\n  hint: ${hint}` : ''}`),
  ].join('\n');
}

function provedBy({ proof, request }: RestorePlan, now: Date): string {
  if (proof) return `loaded in FalkorDB ${proof.engine.falkordb}, ${formatTime(new Date(proof.verifiedAt), now)}`;
  return request.unproven ? 'NO, and it will not be (--unproven)' : 'not yet: it will be first';
}

function describeGraphs(graphs: RestorePlan['graphs']): string {
  const nodes = graphs.reduce((sum, graph) => sum + graph.nodes, 0);
  const names = graphs.slice(0, SHOWN_GRAPHS).map(({ name }) => name);
  const more = graphs.length > SHOWN_GRAPHS ? ` and ${graphs.length - SHOWN_GRAPHS} more` : '';
  return graphs.length === 0 ? 'no graphs' : `${graphs.length} graphs (${names.join(', ')}${more}), ${nodes} nodes`;
}
