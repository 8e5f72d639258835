import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Activity } from '../../agent/service/port.ts';
import type { ServerEvent } from '../../agent/web/api.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { openEventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { ServedTargets, servedTarget } from '../support/served-targets.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
let folder: TemporaryFolder;
let store: ObjectStore;
let service: ServedTargets;
let dashboard: Dashboard;

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  folder = await temporaryFolder();
  store = openStore(pathToFileURL(folder.path).href);
});

beforeEach(async () => {
  service = new ServedTargets([servedTarget(live, store)]);
  dashboard = await startDashboard(service);
  return () => dashboard.close();
});

afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const RUN = { kind: 'backup', target: 'falkordb', runId: 'r1', backupId: 'b1' } as const;
const activity = (done: number, of: Partial<Activity> = {}): Activity => {
  const progress = { phase: 'save', unit: 'keys', done, total: 1000 } as const;
  return { ...RUN, tier: 'manual', startedAt: new Date(0), progress, ...of };
};
const tellActivity = (done: number, of?: Partial<Activity>) =>
  service.tell({ type: 'activity', activity: activity(done, of) });
const tellEnded = () =>
  service.tell({ type: 'ended', ended: { ...RUN, outcome: 'completed', message: 'done', hint: null } });
const doneOf = (event: ServerEvent) => (event.type === 'activity' ? [event.activity.progress?.done] : []);
const messageOf = (event: ServerEvent) => (event.type === 'log' ? [event.line.message] : []);

describe('the stream of events', () => {
  test('begins with all that goes on, and tells how a real backup goes', async () => {
    tellActivity(1, { runId: 'other' });
    await using stream = await openEventStream(dashboard.url);
    expect(stream).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    await stream.until(({ type }) => type === 'activities');
    expect(stream.text()).toMatch(/^retry: \d+\n\n/);
    const { json } = await dashboard.act('POST', '/api/v1/backups', { target: 'falkordb' });
    expect(json.error.code).toBe('lease-held');
    service.tell({ type: 'ended', ended: { ...RUN, runId: 'other', outcome: 'failed', message: '', hint: null } });
    const { json: accepted } = await dashboard.act('POST', '/api/v1/backups', { target: 'falkordb' });
    const ended = await stream.until((event) => event.type === 'ended' && event.ended.runId === accepted.runId);
    expect(ended.event).toMatchObject({
      ended: { kind: 'backup', target: 'falkordb', ...accepted, outcome: 'completed', hint: null },
    });
    const [first, ...rest] = stream.events;
    expect(first).toMatchObject({ name: 'activities', event: { activities: [{ runId: 'other' }] } });
    for (const { name, event } of stream.events) expect(event.type).toBe(name);
    const own = rest.filter(({ event }) => event.type === 'activity' && event.activity.runId === accepted.runId);
    expect(own.length).toBeGreaterThan(0);
    expect(rest.findLastIndex(({ name }) => name === 'activity')).toBeLessThan(rest.indexOf(ended));
    expect(stream.text()).not.toContain('event: log');
  });

  test('tells of progress four times a second at most, and always of the last', async () => {
    await using stream = await openEventStream(dashboard.url);
    const began = performance.now();
    for (let done = 1; done <= 100; done++) {
      tellActivity(done);
      tellActivity(done, { runId: 'r2' });
      await setTimeout(5);
    }
    const most = 2 * (Math.ceil((performance.now() - began) / 250) + 1);
    await stream.until(
      (event) => doneOf(event)[0] === 100 && event.type === 'activity' && event.activity.runId === 'r1',
    );
    await stream.until(
      (event) => doneOf(event)[0] === 100 && event.type === 'activity' && event.activity.runId === 'r2',
    );
    expect(stream.events.flatMap(({ event }) => doneOf(event)).length).toBeLessThanOrEqual(most);
    // What is held back comes before the end.
    tellActivity(101);
    tellActivity(102);
    tellEnded();
    await stream.until(({ type }) => type === 'ended');
    expect(stream.events.slice(-2).map(({ event }) => doneOf(event)[0] ?? event.type)).toEqual([102, 'ended']);
  });

  test('has lines of the log only for those who ask, and those that a reader has missed', async () => {
    await using without = await openEventStream(dashboard.url);
    dashboard.log.info('before');
    const first = await openEventStream(dashboard.url, { query: '?logs=true' });
    dashboard.log.info({ target: 'falkordb' }, 'one');
    const { id = '' } = await first.until((event) => messageOf(event)[0] === 'one');
    await first[Symbol.asyncDispose]();
    dashboard.log.info('two');
    dashboard.log.info('three');
    await using again = await openEventStream(dashboard.url, {
      query: '?logs=true',
      headers: { 'last-event-id': id },
    });
    dashboard.log.info('four');
    await again.until((event) => messageOf(event)[0] === 'four');
    expect(again.events.map(({ event }) => messageOf(event)[0] ?? event.type)).toEqual([
      'activities',
      'two',
      'three',
      'four',
    ]);
    // Of another process: its numbers say nothing.
    await using stranger = await openEventStream(dashboard.url, {
      query: '?logs=true',
      headers: { 'last-event-id': '1-1' },
    });
    dashboard.log.info('five');
    await stranger.until((event) => messageOf(event)[0] === 'five');
    expect(stranger.events.flatMap(({ event }) => messageOf(event))).toEqual(['five']);
    tellEnded();
    await without.until(({ type }) => type === 'ended');
    expect(without.events.map(({ name }) => name)).toEqual(['activities', 'ended']);
  });

  test('says that it is alive, by an event that a page can hear', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await using own = await startDashboard(service);
      await using stream = await openEventStream(own.url, { query: '?logs=true' });
      own.log.info('a line');
      await stream.until((event) => messageOf(event)[0] === 'a line');
      for (const times of [1, 2]) {
        vi.advanceTimersByTime(15_000);
        await eventually(() => expect(stream.events.filter(({ name }) => name === 'alive')).toHaveLength(times));
      }
      // The line stays the last that it has had.
      expect(stream.text()).toMatch(/\n\nevent: alive\ndata: \{\}\n\nevent: alive\ndata: \{\}\n\n$/);
      expect(stream.events.filter(({ id }) => id !== undefined)).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('gives who has missed more than is kept for a reader the newest of it, and goes on', async () => {
    await using first = await openEventStream(dashboard.url, { query: '?logs=true' });
    dashboard.log.info('one');
    const { id = '' } = await first.until((event) => messageOf(event)[0] === 'one');
    await first[Symbol.asyncDispose]();
    for (let line = 0; line < 100; line++) dashboard.log.info({ text: 'x'.repeat(30_000) }, `missed ${line}`);
    const again = { query: '?logs=true', headers: { 'last-event-id': id } };
    await using stream = await openEventStream(dashboard.url, again);
    dashboard.log.info('after');
    await stream.until((event) => messageOf(event)[0] === 'after');
    const messages = stream.events.flatMap(({ event }) => messageOf(event));
    expect(messages.length).toBeGreaterThan(10);
    expect(messages.length).toBeLessThan(20);
    const missed = messages.slice(0, -1);
    expect(missed).toEqual(missed.map((_, index) => `missed ${100 - missed.length + index}`));
    expect(messages.at(-1)).toBe('after');
  });

  test('drops who does not read, and nobody else', async () => {
    const socket = connect(dashboard.port, '127.0.0.1');
    await using reader = await openEventStream(dashboard.url, { query: '?logs=true' });
    socket.write('GET /api/v1/events?logs=true HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('readable', resolve));
    // More than the buffers of both ends hold, and than is kept for a reader.
    const text = 'x'.repeat(50_000);
    for (let line = 0; line < 400; line++) {
      dashboard.log.info({ text }, `line ${line}`);
      await setTimeout(1);
    }
    await reader.until((event) => messageOf(event)[0] === 'line 399');
    socket.resume();
    await eventually(() => expect(socket.closed).toBe(true));
    expect(socket.bytesRead).toBeLessThan(20_000_000);
    expect(reader.events.flatMap(({ event }) => messageOf(event))).toHaveLength(400);
  });

  test('is for fifty at most', async () => {
    const streams = await Promise.all(Array.from({ length: 50 }, () => openEventStream(dashboard.url)));
    const { status, headers, json } = await dashboard.ask('/api/v1/events');
    expect({ status, code: json.error.code }).toEqual({ status: 503, code: 'too-many-streams' });
    expect(headers['retry-after']).toBe('30');
    await streams[0]?.[Symbol.asyncDispose]();
    await eventually(async () => {
      await using another = await openEventStream(dashboard.url);
      expect(another.status).toBe(200);
    });
    await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
  });

  test('ends when the server is closed, within a bound, whoever does not read', async () => {
    const stream = await openEventStream(dashboard.url);
    const socket = connect(dashboard.port, '127.0.0.1').on('error', () => {});
    socket.write('GET /api/v1/events?logs=true HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    const silent = connect(dashboard.port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => silent.once('connect', resolve));
    for (let line = 0; line < 10; line++) dashboard.log.info({ text: 'x'.repeat(60_000) }, 'a line');
    const began = performance.now();
    await dashboard.close();
    expect(performance.now() - began).toBeLessThan(3000);
    await stream.ended;
    expect(service.listeners).toBe(0);
    await expect(dashboard.ask('/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await dashboard.close();
  });

  test('keeps nobody waiting when it is closed and all do read', async () => {
    await using stream = await openEventStream(dashboard.url);
    const began = performance.now();
    await dashboard.close();
    expect(performance.now() - began).toBeLessThan(1000);
    await stream.ended;
  });
});
