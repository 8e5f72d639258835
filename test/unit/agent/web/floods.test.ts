import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { Connections } from '../../../../agent/web/connections.ts';
import { Gate } from '../../../../agent/web/gate.ts';
import { eventually } from '../../../support/eventually.ts';

test('who reads nothing of an answer for long is dropped, however few they are', async () => {
  const connections = new Connections({ stalledMs: 200 });
  const server = createServer((request, response) => {
    if (!connections.admit(request, response)) return;
    response.end('x'.repeat(20_000_000));
    connections.handedOver(response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => socket.once('readable', resolve));
  const connected = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  expect(await connected()).toBe(1);
  await eventually(async () => expect(await connected()).toBe(0));
  socket.destroy();
  server.close();
});

test('in each turn of the event loop one request is begun, in their order', async () => {
  const gate = new Gate();
  let turn = 0;
  let isCounting = true;
  const count = () => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  const begun: { request: number; turn: number }[] = [];
  const requests = Array.from({ length: 10 }, (_, request) =>
    gate.pass(async () => {
      begun.push({ request, turn });
    }),
  );
  await Promise.all(requests);
  isCounting = false;
  expect(begun.map(({ request }) => request)).toEqual(begun.map((_, index) => index));
  expect(new Set(begun.map((each) => each.turn)).size).toBe(10);
});

test('a request that fails makes room for another', async () => {
  const gate = new Gate();
  for (let request = 0; request < 100; request++) {
    await expect(gate.pass(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  }
});
