import { expect, it } from 'vitest';
import { onlyTypes } from '../../../../core/alerts/only-types.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { type BackupEvent, EVENT_TYPES, NOTICED_BY_DEFAULT } from '../../../../core/model/events.ts';
import { exampleEvent } from '../../../support/webhook-events.ts';

function recorder() {
  const sent: BackupEvent[][] = [];
  return { name: 'recorder', sent, send: async (events: BackupEvent[]) => void sent.push(events) };
}

it('tells what is meant for it, in order and at once', async () => {
  const sink = recorder();
  await onlyTypes(NOTICED_BY_DEFAULT, sink).send(EVENT_TYPES.map((type) => exampleEvent(type)));
  const left = EVENT_TYPES.filter((type) => !/Completed|Skipped/.test(type) || type === 'Restore Completed');
  expect(sink.sent.map((events) => events.map(({ type }) => type))).toEqual([left]);
});

it('does not disturb the sink where nothing is meant for it', async () => {
  const sink = recorder();
  await onlyTypes(NOTICED_BY_DEFAULT, sink).send([exampleEvent('Backup Skipped')]);
  expect(sink.sent).toEqual([]);
});

it('tells a test whatever is meant for it', async () => {
  const sink = recorder();
  await onlyTypes([], sink).send([exampleEvent('Test Notice'), exampleEvent('Backup Failed')]);
  expect(sink.sent.flat().map(({ type }) => type)).toEqual(['Test Notice']);
});

it('has the name and the failures of the sink', async () => {
  const failure = new BackupError('not-delivered', 'no');
  const only = onlyTypes(EVENT_TYPES, { name: 'broken', send: () => Promise.reject(failure) });
  expect(only.name).toBe('broken');
  await expect(only.send([exampleEvent()])).rejects.toBe(failure);
});
