import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressDisplay, type ProgressDisplay } from '../../../../agent/cli/progress-display.ts';
import type { Progress } from '../../../../agent/progress.ts';

const transfer = (done: number, total: number | null = 1000): Progress => ({
  phase: 'transfer',
  unit: 'bytes',
  done,
  total,
});
const inventory: Progress = { phase: 'inventory', unit: 'graphs', done: 1, total: 3 };

let written: string;
let display: ProgressDisplay;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  display.stop();
  vi.useRealTimers();
});

function open(isTTY: boolean, level = 'info'): void {
  written = '';
  // What a bar asks of a terminal, and no more.
  const terminal = { isTTY, columns: 100, cursorTo() {}, moveCursor() {}, clearLine() {}, clearScreenDown() {} };
  const stderr = Object.assign(new PassThrough(), terminal);
  stderr.write = (text: unknown) => {
    written += String(text);
    return true;
  };
  const cli = {
    program: 'falkordb-backup',
    env: {},
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    now: () => new Date(),
    signal: new AbortController().signal,
    exitCode: 0,
  };
  display = createProgressDisplay(cli, pino({ level }, stderr));
}

const lines = () => written.split('\n').filter((line) => line !== '');

describe('in a log', () => {
  it('says nothing of what takes less than ten seconds', () => {
    open(false);
    for (let done = 0; done <= 1000; done += 1) display.onProgress(transfer(done));
    expect(written).toBe('');
  });

  it('says how far it is, once in ten seconds', () => {
    open(false);
    for (let second = 1; second <= 25; second += 1) {
      vi.advanceTimersByTime(1000);
      display.onProgress(transfer(second * 10));
    }
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ msg: 'transfer: 100 B of 1 kB', progress: transfer(100) }),
      expect.objectContaining({ msg: 'transfer: 200 B of 1 kB' }),
    ]);
  });

  it('counts what has no end yet, and what are no bytes', () => {
    open(false);
    for (const progress of [transfer(2000, null), inventory]) {
      vi.advanceTimersByTime(10_000);
      display.onProgress(progress);
    }
    expect(lines().map((line) => JSON.parse(line).msg)).toEqual(['transfer: 2 kB', 'inventory: 1 of 3 graphs']);
  });
});

describe('on a terminal', () => {
  it('shows a bar with the phase and how far it is', () => {
    open(true);
    display.onProgress(transfer(0));
    vi.advanceTimersByTime(1000);
    display.onProgress(transfer(500));
    vi.advanceTimersByTime(1000);
    expect(written).toContain('transfer');
    expect(written).toContain('50%');
    expect(written).toContain('500 B of 1 kB');
  });

  it('shows no share of what has no end yet', () => {
    open(true);
    display.onProgress(transfer(500, null));
    vi.advanceTimersByTime(1000);
    display.onProgress(transfer(2000, null));
    vi.advanceTimersByTime(1000);
    expect(written).toContain('2 kB');
    expect(written).not.toContain('%');
  });

  it('starts a new bar for a new phase', () => {
    open(true);
    display.onProgress(inventory);
    vi.advanceTimersByTime(1000);
    display.onProgress(transfer(1));
    vi.advanceTimersByTime(1000);
    expect(written.indexOf('inventory')).toBeLessThan(written.indexOf('transfer'));
  });

  it.each([
    ['its end is reached', () => display.onProgress(transfer(1000))],
    ['it is stopped', () => display.stop()],
  ])('draws no more once %s, so that nothing keeps the process alive', (_, end) => {
    open(true);
    display.onProgress(transfer(10));
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    end();
    expect(vi.getTimerCount()).toBe(0);
    display.stop();
  });

  it('draws nothing where the log is silent', () => {
    open(true, 'silent');
    display.onProgress(transfer(10));
    vi.advanceTimersByTime(60_000);
    display.onProgress(transfer(20));
    expect(written).toBe('');
  });
});
