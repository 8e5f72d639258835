import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { LogBuffer } from '../../../../agent/web/log-buffer.ts';
import { type LogsQuery, logsQuery } from '../../../../agent/web/queries.ts';
import { readTail } from '../../../../agent/web/read-tail.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const AT = '2026-11-22T02:30:00.000Z';
const line = (msg: string, fields: object = {}) => `${JSON.stringify({ level: 'info', time: AT, ...fields, msg })}\n`;
const query = (of: Partial<LogsQuery> = {}): LogsQuery => ({ ...logsQuery.parse({}), limit: 1000, ...of });
const messages = (logs: LogBuffer, of?: Partial<LogsQuery>) => logs.query(query(of)).map(({ message }) => message);

describe('the buffer of the log', () => {
  test('takes what pino writes, with what children and lines carry', () => {
    const logs = new LogBuffer();
    const log = pino(
      {
        base: {},
        level: 'debug',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
      },
      logs,
    );
    log.child({ target: 'shop', runId: 'r' }).warn({ backupId: 'b', bytes: 7, err: { code: 'x' } }, 'A warning');
    pino({ base: { pid: 4 } }, logs).error('with numbers');
    expect(logs.query(query())).toEqual([
      {
        seq: 1,
        at: expect.stringMatching(/Z$/),
        level: 'warn',
        message: 'A warning',
        target: 'shop',
        runId: 'r',
        backupId: 'b',
        fields: { bytes: 7, err: { code: 'x' } },
      },
      expect.objectContaining({ seq: 2, level: 'error', message: 'with numbers', target: null, fields: { pid: 4 } }),
    ]);
  });

  test.each([
    [{ level: 'trace' }, 'debug'],
    [{ level: 'fatal' }, 'error'],
    [{ level: 60 }, 'error'],
    [{ level: 40 }, 'warn'],
    [{ level: 30 }, 'info'],
    [{ level: 10 }, 'debug'],
    [{ level: 'constructor' }, 'info'],
  ])('knows the level of %j', (fields, level) => {
    const logs = new LogBuffer();
    logs.write(line('m', fields));
    expect(logs.query(query())).toMatchObject([{ level }]);
  });

  test('leaves out what is no line of a log', () => {
    const logs = new LogBuffer();
    for (const text of [
      '',
      '\n',
      'no JSON\n',
      '[]\n',
      'null\n',
      '7\n',
      '{"msg":"no time"}\n',
      `{"time":"${AT}`,
      '{"time":"x"}',
    ])
      logs.write(text);
    logs.write(line('one') + line('two'));
    expect(messages(logs)).toEqual(['one', 'two']);
  });

  test('finds by target, run, level and text, and the newest of those', () => {
    const logs = new LogBuffer();
    logs.write(line('Debugging', { level: 'debug', target: 'shop' }));
    logs.write(line('Saved', { target: 'shop', runId: 'r1', file: 'DUMP.rdb' }));
    logs.write(line('Slow', { level: 'warn', target: 'other', runId: 'r2' }));
    logs.write(line('Broken', { level: 'error', target: 'shop', runId: 'r2' }));
    expect(messages(logs, { target: 'shop' })).toEqual(['Debugging', 'Saved', 'Broken']);
    expect(messages(logs, { runId: 'r2' })).toEqual(['Slow', 'Broken']);
    expect(messages(logs, { level: 'warn' })).toEqual(['Slow', 'Broken']);
    expect(messages(logs, { search: 'dump.RDB' })).toEqual(['Saved']);
    expect(messages(logs, { search: 'sAvEd' })).toEqual(['Saved']);
    expect(messages(logs, { limit: 2 })).toEqual(['Slow', 'Broken']);
    expect(messages(logs, { target: 'shop', runId: 'r2', level: 'error', search: 'bro' })).toEqual(['Broken']);
  });

  test('makes nothing anew of each line for who searches', () => {
    const logs = new LogBuffer();
    for (let index = 1; index <= 100; index++) logs.write(line(`${index}`, { text: 'x' }));
    const stringify = vi.spyOn(JSON, 'stringify');
    const lower = vi.spyOn(String.prototype, 'toLowerCase');
    const found = messages(logs, { search: 'nowhere' });
    const made = stringify.mock.calls.length + lower.mock.calls.length;
    vi.restoreAllMocks();
    expect({ found, made }).toEqual({ found: [], made: 1 });
  });

  test('keeps so many lines', () => {
    const logs = new LogBuffer({ maxLines: 100 });
    for (let index = 1; index <= 1000; index++) logs.write(line(`${index}`));
    expect(messages(logs)).toEqual(Array.from({ length: 100 }, (_, index) => `${901 + index}`));
    expect(logs.after(998).map(({ seq }) => seq)).toEqual([999, 1000]);
  });

  test('keeps so many bytes', () => {
    const logs = new LogBuffer({ maxBytes: 100_000 });
    for (let index = 1; index <= 100; index++) logs.write(line(`${index}`, { text: 'x'.repeat(1000) }));
    const kept = logs.query(query());
    expect(kept.length).toBeGreaterThan(20);
    expect(2 * JSON.stringify(kept).length).toBeLessThanOrEqual(101_000);
    expect(kept.at(-1)?.message).toBe('100');
  });

  test('keeps of a line that is far too long only what it says', () => {
    const logs = new LogBuffer();
    logs.write(line('before'));
    logs.write(line('long', { target: 'shop', text: 'x'.repeat(9_000_000) }));
    expect(logs.query(query())).toMatchObject([
      { message: 'before' },
      { message: 'long', target: 'shop', fields: { cut: expect.stringContaining('characters') } },
    ]);
  });

  test('tells who listens, and not of what was there before', () => {
    const logs = new LogBuffer();
    const heard: string[] = [];
    const unsubscribe = logs.subscribe(({ seq, message }) => heard.push(`${seq} ${message}`));
    logs.seed(line('old'));
    logs.write(line('new'));
    unsubscribe();
    logs.write(line('newer'));
    expect(heard).toEqual(['2 new']);
    expect(messages(logs)).toEqual(['old', 'new', 'newer']);
  });
});

describe('the tail of a log file', () => {
  test('begins with a whole line, and goes into the buffer', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'log');
    expect(readTail(path, 100)).toBe('');
    await writeFile(path, line('one') + line('two'));
    expect(readTail(path, 10_000)).toBe(line('one') + line('two'));
    expect(readTail(path, line('two').length + 5)).toBe(line('two'));
    expect(readTail(path, line('two').length - 5)).toBe('');
    await appendFile(path, '{"cut off');
    const logs = new LogBuffer();
    logs.seed(readTail(path, 10_000));
    expect(messages(logs)).toEqual(['one', 'two']);
    expect(() => readTail(folder.path, 100)).toThrow(/EISDIR/);
  });
});
