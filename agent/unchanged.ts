import type { GraphSummary, Manifest } from '../core/model/manifest.ts';
import type { ServerInfo } from './falkordb/server-info.ts';

/**
 * True where a new dump would hold what the last backup holds. Each condition alone proves nothing: Redis's own save
 * points reset the counter of writes, and a restart resets the number of saves. The graphs are compared because
 * creating an empty one does not count as a write (seen on 4.16.3).
 */
export function isUnchanged(last: Manifest, info: Pick<ServerInfo, 'runId' | 'save'>, graphs: GraphSummary[]): boolean {
  const { server } = last;
  return (
    server.runId === info.runId &&
    server.rdbSaves === info.save.startedCount &&
    server.lastSave === info.save.lastSave &&
    !info.save.running &&
    info.save.changes === 0 &&
    JSON.stringify(last.graphs) === JSON.stringify(graphs)
  );
}
