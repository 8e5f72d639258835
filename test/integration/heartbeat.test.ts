import { describe, expect, it } from 'vitest';
import { type HeartbeatOptions, sendHeartbeat } from '../../core/alerts/heartbeat.ts';
import { quickClock } from '../support/quick-clock.ts';
import { answer, hang, startWebhookReceiver } from '../support/webhook-receiver.ts';

const SECRET = 'd3adb33f-1111-2222-3333-444455556666';
const options = (port: number, more: Partial<HeartbeatOptions> = {}): HeartbeatOptions => ({
  url: `http://127.0.0.1:${port}/ping/${SECRET}?rid=7`,
  allowPrivateAddresses: true,
  userAgent: 'falkordb-backup/0',
  clock: quickClock(),
  ...more,
});

describe('the heartbeat', () => {
  it('goes to the URL as it is after a success, and to /fail after a failure, with a text', async () => {
    await using monitor = await startWebhookReceiver([answer(200)]);
    expect(await sendHeartbeat({ status: 'success' }, options(monitor.port))).toBeUndefined();
    expect(
      await sendHeartbeat({ status: 'failure', text: 'The disk is full.' }, options(monitor.port)),
    ).toBeUndefined();
    const slash = options(monitor.port, { url: `http://127.0.0.1:${monitor.port}/a/` });
    expect(await sendHeartbeat({ status: 'failure' }, slash)).toBeUndefined();
    expect(monitor.received).toMatchObject([
      { method: 'POST', path: `/ping/${SECRET}?rid=7`, body: '' },
      { method: 'POST', path: `/ping/${SECRET}/fail?rid=7`, body: 'The disk is full.' },
      { path: '/a/fail' },
    ]);
  });

  it('is sent again where the monitor fails, is busy or hangs', async () => {
    await using monitor = await startWebhookReceiver([
      answer(500),
      answer(429, { 'retry-after': '3' }),
      hang,
      answer(200),
    ]);
    const clock = quickClock();
    const sent = sendHeartbeat({ status: 'success' }, options(monitor.port, { clock, attemptTimeoutMs: 200 }));
    expect(await sent).toBeUndefined();
    expect(monitor.received).toHaveLength(4);
    expect(clock.slept[1]).toBe(3000);
  });

  it.each([
    [[answer(404, {}, 'not found')], 'http', 'once'],
    [[answer(302, { location: 'http://127.0.0.1:1/' })], 'http', 'a redirect'],
    [[answer(503)], 'http', 'times'],
    [[answer(200)], 'https', 'the connection failed'],
  ])('gives up within its bound without an error, and tells no secret (%#)', async (replies, protocol, words) => {
    await using monitor = await startWebhookReceiver(replies);
    const url = `${protocol}://user:${SECRET}@127.0.0.1:${monitor.port}/ping/${SECRET}`;
    const clock = quickClock();
    const problem = await sendHeartbeat({ status: 'success' }, options(monitor.port, { url, clock }));
    expect(problem).toMatchObject({ code: 'not-delivered' });
    const told = `${problem?.message} ${problem?.hint}`;
    expect(told).toContain(words);
    expect(told).toContain(`${protocol}://127.0.0.1:${monitor.port} `);
    expect(told).not.toContain(SECRET.slice(0, 8));
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(30_000);
  });

  it('goes to no private address unless that is allowed, and nowhere where the URL is none', async () => {
    await using monitor = await startWebhookReceiver([answer(200)]);
    const refused = await sendHeartbeat({ status: 'success' }, options(monitor.port, { allowPrivateAddresses: false }));
    expect(refused).toMatchObject({ code: 'not-delivered', message: expect.stringContaining('private address') });
    for (const url of ['', SECRET, `ftp://127.0.0.1/${SECRET}`]) {
      const problem = await sendHeartbeat({ status: 'success' }, options(monitor.port, { url }));
      expect(problem).toMatchObject({ code: 'invalid-settings' });
      expect(`${problem?.message} ${problem?.hint}`).not.toContain(SECRET);
    }
    expect(monitor.received).toEqual([]);
  });
});
