/** What INFO says, as far as backup and restore need it. */
export interface ServerInfo {
  redisVersion: string;
  /** New at each start of the server. */
  runId: string;
  /** `4.16.3`; undefined where the graph module is not loaded. */
  falkordbVersion: string | undefined;
  mode: string;
  role: string;
  masterLinkUp: boolean;
  loading: boolean;
  loadingBytes: { done: number; total: number };
  usedMemoryBytes: number;
  /** 0 where it has no limit of its own. */
  maxMemoryBytes: number;
  maxMemoryPolicy: string;
  /** Of its host, as it sees it. */
  systemMemoryBytes: number;
  /** In its own process namespace. */
  processId: number;
  /** Empty where it was started without one. */
  configFile: string;
  /** How often CONFIG REWRITE ran. */
  configRewrites: number;
  /** More than 0 where CONFIG RESETSTAT ran, which sets back `configRewrites`; it counts itself after that. */
  configStatResets: number;
  replication: Replication;
  aof: AofState;
  /** Keys of all databases. */
  keys: number;
  save: SaveState;
}

export interface Replication {
  /** Undefined where the server is no replica. */
  master: { host: string; port: number } | undefined;
  syncInProgress: boolean;
  /** Names the history that its data belongs to: a replica's is that of its master. */
  id: string;
  /** The history it had before it was promoted. */
  previousId: string;
  replicas: number;
}

export interface AofState {
  enabled: boolean;
  /** One that is only scheduled does not run. */
  rewriteRunning: boolean;
  /** Since the server started, counted when each begins. */
  rewritesStarted: number;
  lastRewriteOk: boolean;
}

/** The server's own book-keeping of its saves. */
export interface SaveState {
  running: boolean;
  aofRewriteRunning: boolean;
  lastStatusOk: boolean;
  /** Saves since the server started, counted when each begins (rdbSaveBackground in rdb.c of Redis). */
  startedCount: number;
  /** Unix seconds. */
  lastSave: number;
  /** Writes since the last successful save; a save in progress does not touch it before its end. */
  changes: number;
  keysProcessed: number;
  keysTotal: number;
  /** How often FLUSHALL ran: it ends a save in progress, and may save in its place without counting that as a save. */
  flushes: number;
}

export function parseInfo(reply: string): ServerInfo {
  const fields = new Map<string, string>();
  const modules: string[] = [];
  let keys = 0;
  for (const line of reply.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0 || line.startsWith('#')) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)];
    if (name === 'module') modules.push(value);
    else if (/^db\d+$/.test(name)) keys += Number(/keys=(\d+)/.exec(value)?.[1] ?? 0);
    else fields.set(name, value);
  }
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const text = (name: string) => fields.get(name) ?? '';
  const calls = (command: string) => Number(/^calls=(\d+)/.exec(text(`cmdstat_${command}`))?.[1] ?? 0);
  return {
    redisVersion: text('redis_version'),
    runId: text('run_id'),
    falkordbVersion: graphVersion(modules),
    mode: fields.get('redis_mode') ?? 'standalone',
    role: fields.get('role') ?? 'master',
    masterLinkUp: (fields.get('master_link_status') ?? 'up') === 'up',
    loading: number('loading') !== 0 || number('async_loading') !== 0,
    loadingBytes: { done: number('loading_loaded_bytes'), total: number('loading_total_bytes') },
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    maxMemoryPolicy: text('maxmemory_policy'),
    systemMemoryBytes: number('total_system_memory'),
    processId: number('process_id'),
    configFile: text('config_file'),
    configRewrites: calls('config|rewrite'),
    configStatResets: calls('config|resetstat'),
    replication: {
      master: fields.has('master_host') ? { host: text('master_host'), port: number('master_port') } : undefined,
      syncInProgress: number('master_sync_in_progress') !== 0,
      id: text('master_replid'),
      previousId: text('master_replid2'),
      replicas: number('connected_slaves'),
    },
    aof: {
      enabled: number('aof_enabled') !== 0,
      rewriteRunning: number('aof_rewrite_in_progress') !== 0,
      rewritesStarted: number('aof_rewrites'),
      lastRewriteOk: text('aof_last_bgrewrite_status') !== 'err',
    },
    keys,
    save: {
      running: number('rdb_bgsave_in_progress') !== 0,
      aofRewriteRunning: number('aof_rewrite_in_progress') !== 0 || number('aof_rewrite_scheduled') !== 0,
      lastStatusOk: fields.get('rdb_last_bgsave_status') !== 'err',
      startedCount: number('rdb_saves'),
      lastSave: number('rdb_last_save_time'),
      changes: number('rdb_changes_since_last_save'),
      keysProcessed: number('current_save_keys_processed'),
      keysTotal: number('current_save_keys_total'),
      flushes: calls('flushall'),
    },
  };
}

/** Modules write their version as one number: 41603 is 4.16.3. */
function graphVersion(modules: string[]): string | undefined {
  const graph = modules.find((module) => module.split(',').includes('name=graph'));
  const number = Number(/(?:^|,)ver=(\d+)/.exec(graph ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(number)) return undefined;
  return `${Math.floor(number / 10_000)}.${Math.floor(number / 100) % 100}.${number % 100}`;
}
