/*
 * Which settings a running server takes. Of Redis 8.2.3 and FalkorDB 4.16.3, by asking the server to set each to the
 * value it has; test/integration/show-state.test.ts asks again. In Redis's source: IMMUTABLE_CONFIG in src/config.c.
 */
const AT_START_ONLY = new Set([
  ...['aclfile', 'always-show-logo', 'aof-rewrite-cpulist', 'appenddirname', 'appendfilename', 'bgsave-cpulist'],
  ...['bio-cpulist', 'cluster-config-file', 'cluster-enabled', 'cluster-port', 'daemonize', 'databases'],
  ...['disable-thp', 'enable-debug-command', 'enable-module-command', 'enable-protected-configs', 'io-threads'],
  ...['logfile', 'pidfile', 'rdbchecksum', 'replicaof', 'server-cpulist', 'set-proc-title', 'socket-mark-id'],
  ...['supervised', 'syslog-enabled', 'syslog-facility', 'syslog-ident', 'tcp-backlog', 'unixsocket'],
  ...['unixsocketperm'],
  // Protected: only where enable-protected-configs allows it.
  ...['dbfilename', 'dir'],
  ...['BOLT_PORT', 'CACHE_SIZE', 'IMPORT_FOLDER', 'NODE_CREATION_BUFFER', 'OMP_THREAD_COUNT', 'TEMP_FOLDER'],
  ...['THREAD_COUNT'],
]);

/** They read as 0 and 1, and are set as yes and no. */
const GRAPH_SWITCHES = new Set(['ASYNC_DELETE', 'CMD_INFO', 'DELAY_INDEXING']);

/** CONFIG SET and GRAPH.CONFIG SET refuse it. */
export function atStartOnly(name: string): boolean {
  return AT_START_ONLY.has(name);
}

/** Addresses, files and certificates, which another host has not or must not share. */
export function isBoundToHost(name: string): boolean {
  return /^(port|bind|bind-source-addr|locale-collate|tls-.*|(cluster|replica)-announce-.*)$/.test(name);
}

/** An old name of a setting that CONFIG GET lists under its new name as well. */
export function isAlias(name: string): boolean {
  return /slave|ziplist|^lua-time-limit$|_cpulist$/.test(name);
}

export function toGraphValue(name: string, value: string): string {
  if (!GRAPH_SWITCHES.has(name)) return value;
  return value === '0' ? 'no' : 'yes';
}
