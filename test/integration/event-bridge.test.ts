import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import { type BackupEvent, backupEvent } from '../../core/model/events.ts';
import { EVENTS_SECRET, type EventBusServer, startEventBusServer } from '../support/event-bus-server.ts';

const BUS = 'arn:aws:events:eu-west-1:123456789012:event-bus/backups';
const AT = '2026-11-22T02:31:07.250Z';

let server: EventBusServer;
beforeEach(async () => {
  server = await startEventBusServer();
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

const event = (name: string): BackupEvent =>
  backupEvent('Backup Failed', name, { at: AT, target: 'shop', message: `The detail of ${name}.` });
const events = (count: number) => Array.from({ length: count }, (_, index) => event(`run-${index}`));
const taken = () => server.taken.map(({ detail }) => detail.eventId.split('/').at(-1));
const failure = (sink: EventBridgeSink, told: BackupEvent[]) =>
  sink.send(told).then(
    () => undefined,
    (error: unknown) => error,
  );

test('an event arrives as it is, on the bus, with its type and its time', async () => {
  await new EventBridgeSink({ name: BUS }).send([event('run-0')]);
  expect(server.taken).toEqual([
    {
      source: 'falkordb.backup',
      type: 'Backup Failed',
      bus: BUS,
      time: Date.parse(AT) / 1000,
      detail: event('run-0').detail,
    },
  ]);
});

test('many are told ten at a time', async () => {
  await new EventBridgeSink({ name: BUS }).send(events(23));
  expect(server.calls).toEqual([10, 10, 3]);
  expect(taken()).toEqual(events(23).map((_, index) => `run-${index}`));
});

test('those that were not taken are told again, and no others', async () => {
  server.manners = {
    refuse: (place, call) => (call <= 2 && [1, 3].includes(place) ? 'ThrottlingException' : undefined),
  };
  await new EventBridgeSink({ name: BUS }).send(events(5));
  expect(server.calls).toEqual([5, 2, 1]);
  expect(taken().toSorted()).toEqual(['run-0', 'run-1', 'run-2', 'run-3', 'run-4']);
});

test('what is refused for good is not told again, keeps no other from arriving, and its detail is not repeated', async () => {
  server.manners = { refuse: (place, call) => (call === 1 && place === 0 ? 'MalformedDetail' : undefined) };
  const error = await failure(new EventBridgeSink({ name: BUS }), events(12));
  expect(server.calls).toEqual([10, 2]);
  expect(taken()).toHaveLength(11);
  expect(error).toMatchObject({
    code: 'not-delivered',
    message: `EventBridge bus ${BUS} was not told of Backup Failed: MalformedDetail.`,
    hint: expect.stringContaining('events:PutEvents'),
    retryable: false,
  });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('The detail');
});

test('one that refuses for ever is given up after a few rounds', async () => {
  server.manners = { refuse: () => 'InternalFailure' };
  expect(await failure(new EventBridgeSink({ name: BUS }), events(2))).toMatchObject({
    code: 'not-delivered',
    message: expect.stringContaining('InternalFailure'),
    retryable: true,
  });
  expect(server.calls).toEqual([2, 2, 2, 2, 2]);
});

test('one that fails for ever is given up', async () => {
  server.manners = 'fail';
  expect(await failure(new EventBridgeSink({ name: BUS }), events(1))).toMatchObject({
    code: 'not-delivered',
    message: expect.stringContaining('InternalException, HTTP 500'),
  });
  expect(server.received).toHaveLength(3);
});

test('one that never answers is given up when the time is over', async () => {
  server.manners = 'stall';
  const started = performance.now();
  expect(await failure(new EventBridgeSink({ name: BUS }, { timeoutMs: 700 }), events(11))).toMatchObject({
    code: 'not-delivered',
    message: expect.stringContaining('no answer within 0.7 s'),
  });
  expect(performance.now() - started).toBeLessThan(3_000);
});

test('where nobody said in which region it is, that is said', async () => {
  vi.stubEnv('AWS_REGION', undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  expect(await failure(new EventBridgeSink({ name: 'backups' }), events(1))).toMatchObject({
    code: 'not-delivered',
    message: expect.stringContaining('the region is missing'),
    hint: expect.stringContaining('AWS_REGION'),
  });
});

test('the secret key goes nowhere', async () => {
  await new EventBridgeSink({ name: BUS }).send([event('run-0')]);
  expect(server.received.join()).toContain('authorization');
  expect(server.received.join()).not.toContain(EVENTS_SECRET);
});
