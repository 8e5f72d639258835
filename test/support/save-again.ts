// `node save-again.ts <url>`: waits for the save that runs, creates a node in graph g, and starts another save.
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';

const client = new Redis(process.argv[2] ?? '', { retryStrategy: null });
while (!/rdb_bgsave_in_progress:0/.test(await client.info('persistence'))) await setTimeout(5);
await client.call('GRAPH.QUERY', 'g', 'CREATE (:Late)');
await client.bgsave();
client.disconnect();
