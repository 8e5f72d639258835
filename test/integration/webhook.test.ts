import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type WebhookOptions, WebhookSink } from '../../core/alerts/webhook/webhook-sink.ts';
import type { BackupError } from '../../core/model/errors.ts';
import { makeCertificate } from '../support/certificate.ts';
import { quickClock } from '../support/quick-clock.ts';
import { exampleEvent } from '../support/webhook-events.ts';
import { answer, hang, type Reply, startWebhookReceiver, switchProtocols } from '../support/webhook-receiver.ts';

const TOKEN = 'XyZ0secretToken';
const QUERY = 'k3yOfTheQuery';
const USER = 'aUserName';
const PASSWORD = 'aP4ssword';
const SECRET = 'the-shared-secret';
const SECRETS = [TOKEN, QUERY, USER, PASSWORD, SECRET];
const OK = answer(200, {}, 'ok');
const CERTIFICATE = makeCertificate();

function sinkAt(port: number, options: Partial<WebhookOptions> = {}, scheme = 'http', host = '127.0.0.1'): WebhookSink {
  return new WebhookSink({
    url: `${scheme}://${USER}:${PASSWORD}@${host}:${port}/services/${TOKEN}?key=${QUERY}`,
    secret: SECRET,
    allowPrivateAddresses: true,
    userAgent: 'falkordb-backup/test',
    clock: quickClock(),
    random: () => 0,
    ...options,
  });
}

/** That of a failed delivery, in which no secret is to be found. */
async function failureOf(sending: Promise<void>): Promise<BackupError> {
  const error = await sending.then(
    () => expect.fail('It was delivered.'),
    (reason) => reason,
  );
  expect(error).toMatchObject({ code: 'not-delivered', hint: expect.stringMatching(/\w/) });
  const everything = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const secret of SECRETS) expect(everything).not.toContain(secret);
  return error;
}

const breakOff: Reply = (response) => response.socket?.destroy();

describe('a webhook', () => {
  test('is told by one POST, with what a receiver needs to know it', async () => {
    await using receiver = await startWebhookReceiver([OK]);
    const event = exampleEvent();
    const clock = quickClock();
    await sinkAt(receiver.port, { clock }).send([event]);
    const [request, ...others] = receiver.received;
    expect(others).toEqual([]);
    expect(request).toMatchObject({
      method: 'POST',
      path: `/services/${TOKEN}?key=${QUERY}`,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'falkordb-backup/test',
        'x-falkordb-backup-event-id': event.detail.eventId,
        'x-falkordb-backup-timestamp': expect.stringMatching(/^\d{10}$/),
        'x-falkordb-backup-signature': expect.stringMatching(/^v1=[0-9a-f]{64}$/),
      },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: event.type,
      source: 'falkordb.backup',
      detail: event.detail,
    });
    const ageSeconds = clock.now().getTime() / 1000 - Number(request?.headers['x-falkordb-backup-timestamp']);
    expect(ageSeconds).toBeGreaterThanOrEqual(0);
    expect(ageSeconds).toBeLessThan(10);
  });

  test('gets no signature where there is no secret, and the shape that is asked for', async () => {
    await using receiver = await startWebhookReceiver([OK]);
    await sinkAt(receiver.port, { secret: undefined, shape: 'slack' }).send([exampleEvent()]);
    expect(receiver.received[0]?.headers).not.toHaveProperty('x-falkordb-backup-signature');
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toHaveProperty('blocks');
  });

  test('that fails, is busy, hangs and breaks off is asked until it takes the notice', async () => {
    const replies = [answer(500), answer(429, { 'retry-after': '7' }), hang, breakOff, OK];
    await using receiver = await startWebhookReceiver(replies);
    const clock = quickClock();
    await sinkAt(receiver.port, { clock, attemptTimeoutMs: 300 }).send([exampleEvent()]);
    expect(receiver.received).toHaveLength(replies.length);
    expect(clock.slept).toEqual([500, 7000, 2000, 4000]);
    const bodies = new Set(receiver.received.map(({ body }) => body));
    expect(bodies.size).toBe(1);
    const ids = new Set(receiver.received.map(({ headers }) => headers['x-falkordb-backup-event-id']));
    expect(ids.size).toBe(1);
    const times = receiver.received.map(({ headers }) => Number(headers['x-falkordb-backup-timestamp']));
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(7);
  });

  test('is not asked before the date that it names', async () => {
    const clock = quickClock();
    const date = new Date(Date.now() + 20_000).toUTCString();
    await using receiver = await startWebhookReceiver([answer(503, { 'retry-after': date }), OK]);
    await sinkAt(receiver.port, { clock }).send([exampleEvent()]);
    expect(clock.slept).toHaveLength(1);
    expect(clock.slept[0]).toBeGreaterThan(15_000);
    expect(clock.slept[0]).toBeLessThanOrEqual(20_000);
  });

  test('is told of events one after the other, in their order, also where one is refused', async () => {
    await using receiver = await startWebhookReceiver([answer(500), OK, answer(400), OK]);
    const types = ['Restore Started', 'Restore Failed', 'Restore Rolled Back'] as const;
    const error = await failureOf(sinkAt(receiver.port).send(types.map((type) => exampleEvent(type))));
    expect(error.message).toMatch(/^The webhook at .* "Restore Failed" of prod \(tried once\): it answered 400\.$/);
    const told = receiver.received.map(({ body }) => JSON.parse(body).type);
    expect(told).toEqual(['Restore Started', 'Restore Started', 'Restore Failed', 'Restore Rolled Back']);
  });

  test('that answered is not asked again, though the body of its answer never ends', async () => {
    const endless: Reply = (response) => response.writeHead(200).write('o');
    await using receiver = await startWebhookReceiver([endless]);
    await sinkAt(receiver.port, { attemptTimeoutMs: 300 }).send([exampleEvent()]);
    expect(receiver.received).toHaveLength(1);
  });
});

describe('a webhook that cannot be told', () => {
  test.each([
    [301, 'a redirect', 'not followed'],
    [307, 'a redirect', 'not followed'],
    [400, 'answered 400', 'shape'],
    [403, 'answered 403', 'denies'],
    [404, 'answered 404', 'does not exist'],
    [410, 'answered 410', 'does not exist'],
  ])('as it answers %i is asked once', async (status, reason, hint) => {
    await using elsewhere = await startWebhookReceiver([OK]);
    const location = `http://127.0.0.1:${elsewhere.port}/`;
    await using receiver = await startWebhookReceiver([answer(status, { location, 'retry-after': '1' })]);
    const error = await failureOf(sinkAt(receiver.port).send([exampleEvent()]));
    expect(error.message).toContain(`webhook at http://127.0.0.1:${receiver.port} did not take`);
    expect(error.message).toContain(reason);
    expect(error.hint).toContain(hint);
    expect(error.retryable).toBe(false);
    expect(receiver.received).toHaveLength(1);
    expect(elsewhere.received).toEqual([]);
  });

  test.each([408, 429, 500, 503])('as it answers %i is asked for a minute', async (status) => {
    await using receiver = await startWebhookReceiver([answer(status)]);
    const clock = quickClock();
    const error = await failureOf(sinkAt(receiver.port, { clock }).send([exampleEvent()]));
    expect(error.message).toContain(`(tried ${receiver.received.length} times): it answered ${status}.`);
    expect(error.retryable).toBe(true);
    expect(clock.slept.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 7500, 7500]);
    const total = clock.slept.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeGreaterThan(45_000);
    expect(total).toBeLessThan(60_000);
  });

  test('as it wants to be left alone for longer is asked no more', async () => {
    await using receiver = await startWebhookReceiver([answer(429, { 'retry-after': '61' })]);
    const clock = quickClock();
    const error = await failureOf(sinkAt(receiver.port, { clock }).send([exampleEvent()]));
    expect(error.hint).toContain('takes no more');
    expect(clock.slept).toEqual([]);
  });

  test('as it wants to speak another protocol is asked once, and its connection closed', async () => {
    let hasClosed: Promise<unknown> | undefined;
    const reply: Reply = (response) => {
      if (response.socket) hasClosed = once(response.socket, 'close');
      switchProtocols(response);
    };
    await using receiver = await startWebhookReceiver([reply]);
    const startMs = performance.now();
    const error = await failureOf(sinkAt(receiver.port, { attemptTimeoutMs: 5000 }).send([exampleEvent()]));
    expect(performance.now() - startMs).toBeLessThan(4000);
    expect(error.message).toMatch(/\(tried once\): it answered 101\.$/);
    expect(error.hint).toContain('no webhook');
    expect(error.retryable).toBe(false);
    expect(receiver.received).toHaveLength(1);
    await Promise.race([hasClosed, setTimeout(1000).then(() => expect.fail('The connection stays.'))]);
  });

  test('as it hangs ends within the bound, and each event has its share of that', async () => {
    await using receiver = await startWebhookReceiver([hang]);
    const sink = sinkAt(receiver.port, { attemptTimeoutMs: 400, totalTimeoutMs: 1200 });
    const startMs = performance.now();
    const error = await failureOf(sink.send([exampleEvent('Backup Failed'), exampleEvent('Prune Failed')]));
    expect(performance.now() - startMs).toBeLessThan(2000);
    expect(error.message).toMatch(/^2 of 2 notices were not delivered\..* no answer in [\d.]+ s\.$/);
    expect(new Set(receiver.received.map(({ body }) => JSON.parse(body).type)).size).toBe(2);
  });

  test('as nobody listens is tried again', async () => {
    const gone = await startWebhookReceiver([OK]);
    await gone[Symbol.asyncDispose]();
    const clock = quickClock();
    const error = await failureOf(sinkAt(gone.port, { clock }).send([exampleEvent()]));
    expect(error.message).toContain('the connection failed (ECONNREFUSED)');
    expect(clock.slept.length).toBeGreaterThan(4);
  });

  test.each([
    ['invalid_payload', ' (invalid_payload)'],
    [`Cannot POST /services/${TOKEN}?key=${QUERY}`, ''],
    [TOKEN, ''],
    [`no ${TOKEN.toUpperCase()} here`, ''],
    [`key ${QUERY} is wrong`, ''],
    [`wrong ${SECRET}`, ''],
    ['a'.repeat(81), ''],
    ['\u001b[31mred', ''],
  ])('is quoted only where its answer is a harmless word: %j', async (body, quoted) => {
    await using receiver = await startWebhookReceiver([answer(400, {}, body)]);
    const error = await failureOf(sinkAt(receiver.port).send([exampleEvent()]));
    expect(error.message).toMatch(new RegExp(`it answered 400${quoted.replace(/[()]/g, '\\$&')}\\.$`));
  });
});

test('of an answer without an end only the first bytes are read', async () => {
  let sent = 0;
  const flood: Reply = (response) => {
    response.writeHead(400);
    const pour = () => {
      sent += 65_536;
      response.write('a'.repeat(65_536));
    };
    response.on('drain', pour);
    pour();
  };
  await using receiver = await startWebhookReceiver([flood]);
  const clock = quickClock();
  const error = await failureOf(sinkAt(receiver.port, { clock }).send([exampleEvent()]));
  expect(error.message).toMatch(/it answered 400\.$/);
  expect(clock.slept).toEqual([]);
  expect(sent).toBeLessThan(50_000_000);
});

describe('TLS', () => {
  test('to an authority that is trusted', async () => {
    await using receiver = await startWebhookReceiver([OK], CERTIFICATE);
    await sinkAt(receiver.port, { ca: CERTIFICATE.cert }, 'https').send([exampleEvent()]);
    expect(receiver.received).toHaveLength(1);
  });

  test.each([undefined, '0'])('to a stranger is refused, with NODE_TLS_REJECT_UNAUTHORIZED=%s', async (setting) => {
    await using receiver = await startWebhookReceiver([OK], CERTIFICATE);
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    try {
      if (setting !== undefined) process.env.NODE_TLS_REJECT_UNAUTHORIZED = setting;
      const clock = quickClock();
      const error = await failureOf(sinkAt(receiver.port, { clock }, 'https').send([exampleEvent()]));
      expect(error.message).toContain('its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)');
      expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
      expect(clock.slept).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
    expect(receiver.received).toEqual([]);
  });

  test('to a certificate of another host is refused', async () => {
    await using receiver = await startWebhookReceiver([OK], CERTIFICATE);
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const options = { ca: CERTIFICATE.cert, resolve };
    // Another address of this machine, which the certificate does not name.
    const error = await failureOf(sinkAt(receiver.port, options, 'https', '0.0.0.0').send([exampleEvent()]));
    expect(error.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(receiver.received).toEqual([]);
  });
});

describe('where private addresses are not allowed', () => {
  const guarded = (port: number, options: Partial<WebhookOptions> = {}, host?: string) =>
    sinkAt(port, { allowPrivateAddresses: false, ...options }, 'http', host);

  test.each(['127.0.0.1', '2130706433', '0x7f.1', '0', '[::ffff:127.0.0.1]', 'localhost'])(
    '%s is refused, and nothing reaches it',
    async (host) => {
      await using receiver = await startWebhookReceiver([OK]);
      const clock = quickClock();
      const error = await failureOf(guarded(receiver.port, { clock }, host).send([exampleEvent()]));
      expect(error.message).toMatch(/private address\.$/);
      expect(error.hint).toContain('public address');
      expect(clock.slept).toEqual([]);
      expect(receiver.received).toEqual([]);
    },
  );

  test('a name is refused where only one of its addresses is private', async () => {
    await using receiver = await startWebhookReceiver([OK]);
    const resolve = async () => [
      { address: '203.0.114.1', family: 4 },
      { address: '::ffff:127.0.0.1', family: 6 },
    ];
    const error = await failureOf(guarded(receiver.port, { resolve }, 'hooks.example').send([exampleEvent()]));
    expect(error.message).toContain('hooks.example resolves to ::ffff:127.0.0.1, a private address');
  });

  test('a name that cannot be looked up is tried again', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }));
    const clock = quickClock();
    const error = await failureOf(guarded(1, { resolve, clock }, 'hooks.example').send([exampleEvent()]));
    expect(error.message).toContain('EAI_AGAIN');
    expect(clock.slept.length).toBeGreaterThan(4);
  });
});

test.each(['ftp://u:p4ss@h/secret-path', 'secret-path', 'https://'])('%s is no webhook', (url) => {
  const make = () => new WebhookSink({ url, allowPrivateAddresses: true, userAgent: 'x' });
  expect(make).toThrow('is no http:// or https:// URL');
  expect(make).not.toThrow(/secret-path|p4ss/);
});

test('an empty secret, by which anybody could sign, is refused', () => {
  const make = () => new WebhookSink({ url: 'https://h', secret: '', allowPrivateAddresses: true, userAgent: 'x' });
  expect(make).toThrow('secret of a webhook is empty');
});

test('what a sink shows of itself is no secret', () => {
  const shown = inspect(sinkAt(1), { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const secret of SECRETS) expect(shown).not.toContain(secret);
});
