import { describe, expect, it } from 'vitest';
import { parseInfo } from '../../../../agent/falkordb/server-info.ts';

/** INFO everything of FalkorDB 4.16.3 on Redis 8.2.3, in part. */
const MASTER = `# Server
redis_version:8.2.3
redis_git_sha1:00000000
redis_mode:standalone
os:Linux 6.1.0-18-amd64 x86_64
run_id:5a8e1c3f0b7d9e2a4c6f8b0d1e3f5a7c9b2d4e60
process_id:4711
tcp_port:6379
executable:/usr/bin/redis-server
config_file:/etc/redis.conf

# Clients
connected_clients:1

# Memory
used_memory:5242880
used_memory_human:5.00M
used_memory_rss:20971520
total_system_memory:8360000000
maxmemory:104857600
maxmemory_policy:noeviction

# Persistence
loading:0
async_loading:0
current_save_keys_processed:0
current_save_keys_total:0
rdb_changes_since_last_save:17
rdb_bgsave_in_progress:0
rdb_last_save_time:1795314600
rdb_last_bgsave_status:ok
rdb_saves:3
aof_enabled:0
aof_rewrite_in_progress:0
aof_rewrite_scheduled:0
aof_rewrites:4
aof_last_bgrewrite_status:ok

# Replication
role:master
connected_slaves:2
slave0:ip=10.0.0.2,port=6379,state=online,offset=1000,lag=0,type=replica
slave1:ip=10.0.0.3,port=6379,state=online,offset=1000,lag=1,type=replica
master_replid:0123456789abcdef0123456789abcdef01234567
master_replid2:0000000000000000000000000000000000000000

# Modules
module:name=vectorset,ver=1,api=1,filters=0,usedby=[],using=[],options=[]
module:name=graph,ver=41603,api=1,filters=0,usedby=[],using=[],options=[]

# Commandstats
cmdstat_flushall:calls=2,usec=61,usec_per_call=30.50,rejected_calls=0,failed_calls=0
cmdstat_config|rewrite:calls=1,usec=61,usec_per_call=61.00,rejected_calls=0,failed_calls=0
cmdstat_config|resetstat:calls=3,usec=61,usec_per_call=30.50,rejected_calls=0,failed_calls=0
cmdstat_flushdb:calls=7,usec=61,usec_per_call=30.50,rejected_calls=0,failed_calls=0

# Keyspace
db0:keys=12,expires=0,avg_ttl=0,subexpiry=0
db3:keys=30,expires=5,avg_ttl=1000,subexpiry=0
`;

const info = (...changes: [string, string][]) =>
  parseInfo(changes.reduce((text, [from, to]) => text.replace(from, to), MASTER).replaceAll('\n', '\r\n'));

describe('parseInfo', () => {
  it('reads all that a backup needs', () => {
    expect(info()).toEqual({
      redisVersion: '8.2.3',
      runId: '5a8e1c3f0b7d9e2a4c6f8b0d1e3f5a7c9b2d4e60',
      falkordbVersion: '4.16.3',
      mode: 'standalone',
      role: 'master',
      masterLinkUp: true,
      loading: false,
      loadingBytes: { done: 0, total: 0 },
      usedMemoryBytes: 5_242_880,
      maxMemoryBytes: 104_857_600,
      maxMemoryPolicy: 'noeviction',
      systemMemoryBytes: 8_360_000_000,
      processId: 4711,
      configFile: '/etc/redis.conf',
      configRewrites: 1,
      configStatResets: 3,
      replication: {
        master: undefined,
        syncInProgress: false,
        id: '0123456789abcdef0123456789abcdef01234567',
        previousId: '0000000000000000000000000000000000000000',
        replicas: 2,
      },
      aof: { enabled: false, rewriteRunning: false, rewritesStarted: 4, lastRewriteOk: true },
      keys: 42,
      save: {
        running: false,
        aofRewriteRunning: false,
        lastStatusOk: true,
        startedCount: 3,
        lastSave: 1_795_314_600,
        changes: 17,
        flushes: 2,
        keysProcessed: 0,
        keysTotal: 0,
      },
    });
  });

  it('sees a replica that has lost its master', () => {
    const replica = 'role:slave\nmaster_host:10.0.0.1\nmaster_link_status:';
    expect(info(['role:master', `${replica}up`])).toMatchObject({ role: 'slave', masterLinkUp: true });
    expect(info(['role:master', `${replica}down`])).toMatchObject({ role: 'slave', masterLinkUp: false });
  });

  it('sees the master of a replica, and how a synchronisation and the loading of it go on', () => {
    const replica = 'role:slave\nmaster_host:10.0.0.1\nmaster_port:6380\nmaster_sync_in_progress:1';
    expect(info(['role:master', replica]).replication).toMatchObject({
      master: { host: '10.0.0.1', port: 6380 },
      syncInProgress: true,
    });
    const loading = '\nloading:1\nloading_total_bytes:2000\nloading_loaded_bytes:500';
    expect(info(['\nloading:0', loading]).loadingBytes).toEqual({ done: 500, total: 2000 });
  });

  it('sees the state of the AOF', () => {
    expect(info(['aof_enabled:0', 'aof_enabled:1']).aof).toMatchObject({ enabled: true, lastRewriteOk: true });
    expect(info(['aof_rewrite_in_progress:0', 'aof_rewrite_in_progress:1']).aof.rewriteRunning).toBe(true);
    expect(info(['aof_rewrite_scheduled:0', 'aof_rewrite_scheduled:1']).aof.rewriteRunning).toBe(false);
    expect(info(['bgrewrite_status:ok', 'bgrewrite_status:err']).aof.lastRewriteOk).toBe(false);
  });

  it('sees a Sentinel', () => {
    expect(info(['redis_mode:standalone', 'redis_mode:sentinel']).mode).toBe('sentinel');
  });

  it('sees that the graph module is not there', () => {
    expect(info(['name=graph,', 'name=graphics,']).falkordbVersion).toBeUndefined();
    expect(info(['module:name=graph', 'other:name=graph']).falkordbVersion).toBeUndefined();
  });

  it.each([
    ['41603', '4.16.3'],
    ['41800', '4.18.0'],
    ['40002', '4.0.2'],
    ['120110', '12.1.10'],
  ])('reads module version %s as %s', (number, version) => {
    expect(info(['ver=41603', `ver=${number}`]).falkordbVersion).toBe(version);
  });

  it.each([
    ['a save', 'rdb_bgsave_in_progress', 'running'],
    ['an AOF rewrite', 'aof_rewrite_in_progress', 'aofRewriteRunning'],
    ['an AOF rewrite that waits', 'aof_rewrite_scheduled', 'aofRewriteRunning'],
  ] as const)('sees %s', (_, field, name) => {
    expect(info([`${field}:0`, `${field}:1`]).save[name]).toBe(true);
  });

  it.each(['loading', 'async_loading'])('sees %s', (field) => {
    expect(info([`\n${field}:0`, `\n${field}:1`]).loading).toBe(true);
  });

  it('sees a failed save', () => {
    expect(info(['bgsave_status:ok', 'bgsave_status:err']).save.lastStatusOk).toBe(false);
  });

  it('keeps colons in values, and counts no keys where there are none', () => {
    const text = MASTER.replace(/db0.*/, '').replace(/db3.*/, '').replace('run_id:', 'run_id:a:');
    expect(parseInfo(text.replaceAll('\n', '\r\n'))).toMatchObject({
      keys: 0,
      runId: expect.stringMatching(/^a:5a8e/),
    });
  });
});
