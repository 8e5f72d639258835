import { describe, expect, it } from 'vitest';
import {
  addLines,
  fieldsText,
  isShown,
  type LogFilter,
  MOST_LINES,
} from '../../../../../../agent/web/page/state/log-buffer.ts';
import { type LogAction, reduceLog } from '../../../../../../agent/web/page/state/log-state.ts';
import { logLine } from '../examples.ts';

const ALL: LogFilter = { target: '', runId: '', level: 'debug', search: '' };
const seqs = (lines: { seq: number }[]) => lines.map(({ seq }) => seq);

describe('lines of the log', () => {
  it('are shown once each, in their order, however they come', () => {
    const lines = addLines([logLine(1), logLine(4)], [logLine(3), logLine(4), logLine(2)]);
    expect(seqs(lines)).toEqual([1, 2, 3, 4]);
    expect(seqs(addLines([logLine(1)], [logLine(2), logLine(2)]))).toEqual([1, 2]);
  });

  it('are only so many, the newest', () => {
    const many = Array.from({ length: MOST_LINES }, (_, index) => logLine(index + 1));
    const lines = addLines(many, [logLine(MOST_LINES + 1)]);
    expect(lines).toHaveLength(MOST_LINES);
    expect([lines[0]?.seq, lines.at(-1)?.seq]).toEqual([2, MOST_LINES + 1]);
  });

  it.each<[Partial<LogFilter>, boolean]>([
    [{}, true],
    [{ target: 'falkordb' }, true],
    [{ target: 'other' }, false],
    [{ runId: 'run-1' }, true],
    [{ runId: 'run' }, false],
    [{ level: 'warn' }, true],
    [{ level: 'error' }, false],
    [{ search: 'STORE' }, true],
    [{ search: 'enospc' }, true],
    [{ search: 'nothing of it' }, false],
  ])('are chosen by %o', (filter, expected) => {
    const line = logLine(1, {
      level: 'warn',
      message: 'The store is full',
      runId: 'run-1',
      fields: { code: 'ENOSPC' },
    });
    expect(isShown(line, { ...ALL, ...filter })).toBe(expected);
  });

  it('say their fields, but not what the message has said', () => {
    const err = { type: 'Error', message: 'no room', stack: 'Error: no room\n at x', code: 'store-full' };
    expect(fieldsText({ message: 'no room', fields: { graphs: 2, tier: 'daily', err } })).toBe(
      'graphs=2 tier=daily err={"type":"Error","code":"store-full"}',
    );
    expect(fieldsText({ message: 'failed', fields: { err } })).toContain('"message":"no room"');
  });
});

describe('the log viewer', () => {
  const reduced = (...actions: LogAction[]) => actions.reduce(reduceLog, { filter: ALL, lines: [], meanwhile: [] });

  it('loses no line that came while it asked', () => {
    const state = reduced(
      { type: 'asked', filter: ALL },
      { type: 'lines', lines: [logLine(3)] },
      { type: 'answered', lines: [logLine(1), logLine(2)] },
      { type: 'lines', lines: [logLine(4)] },
    );
    expect(seqs(state.lines)).toEqual([1, 2, 3, 4]);
  });

  it('begins anew after an answer of a service that counts from the beginning', () => {
    const state = reduced(
      { type: 'answered', lines: [logLine(50)] },
      { type: 'asked', filter: ALL },
      { type: 'answered', lines: [logLine(1)] },
    );
    expect(seqs(state.lines)).toEqual([1]);
  });

  it('shows nothing of another filter', () => {
    const filter = { ...ALL, level: 'error' as const };
    const state = reduced(
      { type: 'answered', lines: [logLine(1)] },
      { type: 'asked', filter },
      { type: 'lines', lines: [logLine(2)] },
    );
    expect(state.lines).toEqual([]);
  });
});
