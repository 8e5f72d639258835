import { Presets, SingleBar } from 'cli-progress';
import type { Logger } from 'pino';
import type { OnProgress, Progress } from '../progress.ts';
import type { Cli } from './cli.ts';
import { formatBytes } from './format.ts';

const LOG_INTERVAL_MS = 10_000;

export interface ProgressDisplay {
  onProgress: OnProgress;
  stop(): void;
}

/** A bar on a terminal, a log line now and then elsewhere. */
export function createProgressDisplay(cli: Cli, log: Logger): ProgressDisplay {
  return cli.stderr.isTTY && log.level !== 'silent' ? barDisplay(cli) : logDisplay(log);
}

function barDisplay({ stderr }: Cli): ProgressDisplay {
  let bar: SingleBar | undefined;
  let phase: string | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
    phase = undefined;
  };
  const onProgress = (progress: Progress) => {
    const total = progress.total ?? 0;
    if (phase !== progress.phase) {
      stop();
      phase = progress.phase;
      bar = new SingleBar(
        { format: barFormat(progress), stream: stderr, clearOnComplete: true, hideCursor: true },
        Presets.shades_classic,
      );
      bar.start(total, 0, { shown: '' });
    }
    bar?.setTotal(total);
    bar?.update(progress.done, { shown: describe(progress) });
    if (progress.total !== null && progress.done >= progress.total) stop();
  };
  return { onProgress, stop };
}

function barFormat({ phase, total }: Progress): string {
  const title = phase.padEnd(10);
  return total === null ? `${title} {shown}` : `${title} {bar} {percentage}%  {shown}`;
}

function logDisplay(log: Logger): ProgressDisplay {
  let loggedAt = performance.now();
  const onProgress = (progress: Progress) => {
    if (performance.now() - loggedAt < LOG_INTERVAL_MS) return;
    loggedAt = performance.now();
    log.info({ progress }, `${progress.phase}: ${describe(progress)}`);
  };
  return { onProgress, stop: () => {} };
}

function describe({ unit, done, total }: Progress): string {
  const show = (value: number) => (unit === 'bytes' ? formatBytes(value) : `${value}`);
  const of = total === null ? '' : ` of ${show(total)}`;
  return `${show(done)}${of}${unit === 'bytes' ? '' : ` ${unit}`}`;
}
