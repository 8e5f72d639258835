import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { keptFor } from '../../../../lambdas/notify/kept-for.ts';
import { ToldBefore } from '../../../../lambdas/notify/told-before.ts';
import { webhooksOf } from '../../../../lambdas/notify/webhooks.ts';

const SETTINGS = { allowPrivateAddresses: false, userAgent: 'test' };
const URL = 'https://hooks.example.com/secret-path';
const sinksOf = (webhooks: object[]) => webhooksOf(JSON.stringify({ webhooks }), '/our/webhooks', SETTINGS);

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return expect.fail('Nothing was thrown.');
}

describe('webhooksOf', () => {
  it('takes those that say only their URL, and those that say all', () => {
    const all = { url: URL, secret: 'the-secret', shape: 'slack', events: ['Backup Completed'] };
    expect(sinksOf([{ url: URL }, all]).map(({ sink }) => sink.name)).toEqual([
      'webhook at https://hooks.example.com',
      'webhook at https://hooks.example.com',
    ]);
    expect(sinksOf([])).toEqual([]);
  });

  it('names each by what it is, wherever it stands, without its secrets', () => {
    const other = { url: `${URL}/other` };
    const narrow = { url: URL, events: ['Backup Completed'] };
    const slack = { url: URL, shape: 'slack' };
    const keysOf = (webhooks: object[]) => sinksOf(webhooks).map(({ key }) => key);
    const keys = keysOf([{ url: URL }, other, narrow, slack]);
    expect(keysOf([slack, narrow, other, { url: URL }])).toEqual(keys.toReversed());
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^webhook [0-9a-f]{64}$/);
  });

  it.each([
    ['no JSON', `webhooks: ${URL} the-secret`, 'the whole'],
    ['a list', JSON.stringify([{ url: URL }]), 'the whole'],
    ['no URL', JSON.stringify({ webhooks: [{ url: 'secret-path' }] }), 'webhooks.0.url'],
    ['another scheme', JSON.stringify({ webhooks: [{ url: 'ftp://example.com/secret-path' }] }), 'webhooks.0.url'],
    ['an empty secret', JSON.stringify({ webhooks: [{ url: URL, secret: '' }] }), 'webhooks.0.secret'],
    ['an unknown shape', JSON.stringify({ webhooks: [{ url: URL, shape: 'the-secret' }] }), 'webhooks.0.shape'],
    ['an unknown event', JSON.stringify({ webhooks: [{ url: URL, events: ['the-secret'] }] }), 'webhooks.0.events.0'],
    ['an unknown word', JSON.stringify({ webhooks: [{ url: URL, 'the-secret': 'x' }] }), 'webhooks.0'],
  ])('refuses %s, and says where, but nothing of what it says', (_, text, where) => {
    const error = thrownBy(() => webhooksOf(text, '/our/webhooks', SETTINGS));
    expect(error).toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining(`The parameter /our/webhooks is wrong: ${where} (`),
      retryable: false,
    });
    expect(inspect(error, { depth: null })).not.toMatch(/the-secret|secret-path/);
  });
});

describe('keptFor', () => {
  it('reads anew after its time, and after a failure', async () => {
    let nowMs = 0;
    let reads = 0;
    const read = keptFor(
      1000,
      async () => {
        if (++reads === 1) throw new Error('Away.');
        return reads;
      },
      () => nowMs,
    );
    await expect(read()).rejects.toThrow('Away.');
    expect([await read(), await read()]).toEqual([2, 2]);
    nowMs = 999;
    expect(await read()).toBe(2);
    nowMs = 1000;
    expect(await read()).toBe(3);
  });
});

describe('ToldBefore', () => {
  it('knows who was told of what, and forgets the oldest', () => {
    const told = new ToldBefore();
    told.add('topic', 'first');
    expect([told.has('topic', 'first'), told.has('topic', 'other'), told.has('webhook 0', 'first')]).toEqual([
      true,
      false,
      false,
    ]);
    for (let index = 0; index < 999; index++) told.add('topic', `event ${index}`);
    expect(told.has('topic', 'first')).toBe(true);
    told.add('topic', 'one more');
    expect([told.has('topic', 'first'), told.has('topic', 'event 0')]).toEqual([false, true]);
  });
});
