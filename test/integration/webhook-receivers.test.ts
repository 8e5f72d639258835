import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { WebhookSink } from '../../core/alerts/webhook/webhook-sink.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { exampleEvent } from '../support/webhook-events.ts';
import { answer, type Received, startWebhookReceiver } from '../support/webhook-receiver.ts';

/* The examples of docs/webhooks.md, run as they stand there against what is really sent. */

const SECRET = 'the shared secret, ünicode too';

async function example(language: string): Promise<string> {
  const text = await readFile('docs/webhooks.md', 'utf8');
  // The last one: how to set it up comes before how to check what it sends.
  const [, code] = [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].at(-1) ?? [];
  return code ?? expect.fail(`docs/webhooks.md has no example in ${language}.`);
}

function sinkAt(port: number, secret = SECRET, ageSeconds = 0): WebhookSink {
  const now = () => new Date(Date.now() - ageSeconds * 1000);
  const clock = { now, elapsedMs: () => performance.now(), sleep: () => Promise.resolve() };
  const url = `http://127.0.0.1:${port}/hook`;
  return new WebhookSink({ url, secret, allowPrivateAddresses: true, userAgent: 'test', clock });
}

async function oneRequest(): Promise<Received> {
  await using receiver = await startWebhookReceiver([answer(204)]);
  await sinkAt(receiver.port).send([exampleEvent('Backup Failed', { message: 'Zu spät: “überfällig”' })]);
  return receiver.received[0] ?? expect.fail('Nothing was sent.');
}

function signed({ headers }: Received): { timestamp: string; signature: string } {
  return {
    timestamp: String(headers['x-falkordb-backup-timestamp']),
    signature: String(headers['x-falkordb-backup-signature']),
  };
}

const hasCommand = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

test('the receiver in Node.js takes a notice, drops its double, and refuses forged and old ones', async () => {
  await using folder = await temporaryFolder();
  const script = join(folder.path, 'receiver.mjs');
  await writeFile(script, await example('js'));
  const env = { WEBHOOK_SECRET: SECRET, PORT: '0' };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines: string[] = [];
  try {
    const output = createInterface(child.stdout);
    const [first] = await once(output, 'line');
    output.on('line', (line) => lines.push(line));
    const port = Number(/^listening on (\d+)$/.exec(first)?.[1]);
    const told = exampleEvent('Backup Failed', { message: 'It failed.' });
    await sinkAt(port).send([told, told, exampleEvent('Backup Recovered', { message: 'It is back.' })]);
    await expect(sinkAt(port, 'another secret').send([exampleEvent('Prune Failed')])).rejects.toThrow('answered 401');
    await expect(sinkAt(port, SECRET, 400).send([exampleEvent('Prune Failed')])).rejects.toThrow('answered 401');
    await sinkAt(port, SECRET, 200).send([exampleEvent('Backup Overdue', { message: 'It is late.' })]);
  } finally {
    child.kill();
    await closed;
  }
  expect(lines).toEqual(['Backup Failed: It failed.', 'Backup Recovered: It is back.', 'Backup Overdue: It is late.']);
});

test.skipIf(!hasCommand('openssl', 'version'))('openssl computes the same signature', async () => {
  await using folder = await temporaryFolder();
  const request = await oneRequest();
  const { timestamp, signature } = signed(request);
  await writeFile(join(folder.path, 'body.json'), request.body);
  const env = { PATH: process.env.PATH, TIMESTAMP: timestamp, WEBHOOK_SECRET: SECRET };
  const { stdout } = spawnSync('sh', ['-c', await example('sh')], { cwd: folder.path, env, encoding: 'utf8' });
  expect(stdout.trim()).toBe(signature);
});

test.skipIf(!hasCommand('python3', '--version'))('Python finds it genuine, and nothing that was changed', async () => {
  const request = await oneRequest();
  const { timestamp, signature } = signed(request);
  const code = `${await example('python')}
import json, sys
for call in json.load(sys.stdin):
    print(is_genuine(call["secret"], call["timestamp"], call["signature"], call["body"].encode()))
`;
  const genuine = { secret: SECRET, timestamp, signature, body: request.body };
  const input = JSON.stringify([
    genuine,
    { ...genuine, secret: 'another' },
    { ...genuine, timestamp: String(Number(timestamp) - 1) },
    { ...genuine, body: request.body.replace('prod', 'test') },
    { ...genuine, signature: 'v1=' },
  ]);
  const { stdout } = spawnSync('python3', ['-c', code], { input, encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(['True', 'False', 'False', 'False', 'False']);
});
