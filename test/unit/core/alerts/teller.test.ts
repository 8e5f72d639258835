import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { EventSink } from '../../../../core/alerts/event-sink.ts';
import { Teller } from '../../../../core/alerts/teller.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { type BackupEvent, backupEvent, type EventType } from '../../../../core/model/events.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';

const event = (type: EventType): BackupEvent =>
  backupEvent(type, 'run', { at: '2026-11-22T02:30:00.000Z', target: 'shop', message: 'It happened.' });
const STARTED = event('Restore Started');
const COMPLETED = event('Restore Completed');

it('tells every sink, and remembers those that could not be told', async () => {
  const [broken, sound] = [new RecordingSink(), new RecordingSink()];
  broken.isDown = true;
  const noted: unknown[] = [];
  const teller = new Teller([broken, sound], (undelivered) => noted.push(undelivered));
  await teller.tell(STARTED);
  expect(sound.events).toEqual([STARTED]);
  const expected = [{ sink: 'recording sink', error: 'The sink is down.' }];
  expect(teller.undelivered).toEqual(expected);
  expect(noted).toEqual(expected);
});

it('remembers what could be done about it', async () => {
  const failure = new BackupError('not-delivered', 'Nobody is there.', { hint: 'Start it.' });
  const teller = new Teller([{ name: 'gone', send: () => Promise.reject(failure) }], () => {});
  await teller.tell(STARTED);
  expect(teller.undelivered).toEqual([{ sink: 'gone', error: 'Nobody is there.', hint: 'Start it.' }]);
});

it('tells in order, though nobody waits for the first', async () => {
  const told: string[] = [];
  let release = () => {};
  const slow: EventSink = {
    name: 'slow',
    send: async ([first]) => {
      if (first === STARTED) await new Promise<void>((resolve) => (release = resolve));
      told.push(first?.type ?? '');
    },
  };
  const teller = new Teller([slow], () => {});
  void teller.tell(STARTED);
  const last = teller.tell(COMPLETED);
  await Promise.resolve();
  release();
  await last;
  expect(told).toEqual(['Restore Started', 'Restore Completed']);
});

it('goes on after a sink has thrown something strange', async () => {
  const sound = new RecordingSink();
  const strange: EventSink = { name: 'strange', send: () => Promise.reject('no error') };
  const teller = new Teller([strange, sound], () => {});
  await teller.tell(STARTED);
  await teller.tell(COMPLETED);
  expect(sound.events).toEqual([STARTED, COMPLETED]);
  expect(teller.undelivered).toHaveLength(2);
});

it('does not bother a sink with nothing', async () => {
  const broken = new RecordingSink();
  broken.isDown = true;
  const teller = new Teller([broken], () => {});
  await teller.tell();
  expect(teller.undelivered).toEqual([]);
});

it('gives up a sink that never ends, records it, and tells the others and what comes next', async () => {
  const sound = new RecordingSink();
  const silent: EventSink = { name: 'silent', send: () => new Promise(() => {}) };
  const teller = new Teller([silent, sound], () => {}, 20);
  await teller.tell(STARTED);
  await teller.tell(COMPLETED);
  expect(sound.events).toEqual([STARTED, COMPLETED]);
  const given = { sink: 'silent', error: 'The silent did not end within 0.02 s.', hint: expect.stringMatching(/\w/) };
  expect(teller.undelivered).toEqual([given, given]);
});

it('outlives a sink that leaves the process nothing to wait for', () => {
  const script = `
    import { Teller } from './core/alerts/teller.ts';
    const teller = new Teller([{ name: 'silent', send: () => new Promise(() => {}) }], () => {}, 50);
    await teller.tell({});
    process.stdout.write(String(teller.undelivered.length));`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '1']);
});
