import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Host, startHost } from '../../scenario/support/host.ts';

describe('the docker of a host', () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost({ instanceId: 'i-0', tags: {}, containers: { shop: {} } });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const run = (script: string) => host.run(script, {}).end;

  test('lists the container of a target, and none of another', async () => {
    const list = (target: string) => run(`docker ps --quiet --filter label=falkordb-backup.target=${target}`);
    expect(await list('shop')).toEqual({ exitCode: 0, stdout: 'c0ffee-shop\n', stderr: '' });
    expect(await list('other')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test.each([
    'docker rm c0ffee-shop',
    'docker ps --all',
    'docker ps --quiet',
    'docker ps --quiet --filter label=falkordb-backup.target=../shop',
    'docker exec c0ffee-shop sh',
    'docker exec c0ffee-shop falkordb-backup prune',
    'docker exec c0ffee-other falkordb-backup execute',
    'docker exec --privileged c0ffee-shop falkordb-backup execute',
  ])('refuses %s', async (script) => {
    expect(await run(script)).toEqual({ exitCode: 125, stdout: '', stderr: expect.stringContaining('not understood') });
  });
});
