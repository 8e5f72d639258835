/** What can be measured of one run, in the order of the report's columns. The unit is the end of each name. */
export const METRICS = {
  seconds: 'time',
  cpuSeconds: 'CPU',
  peakBytes: 'memory',
  proofPeakBytes: 'memory of the throw-away server',
  serverCpuSeconds: 'CPU of the server',
  serverPeakBytes: 'memory of the server',
  forkSeconds: 'fork lived',
  copyOnWriteBytes: 'own memory of the fork',
  saveSeconds: 'its save',
  transferSeconds: 'its transfer',
  rdbBytes: 'dump',
  storedBytes: 'stored',
  p50Ms: 'p50',
  p99Ms: 'p99',
  p999Ms: 'p99.9',
  maxMs: 'slowest',
  longestGapMs: 'longest without an answer',
  perSecond: 'answered',
  failed: 'refused or failed',
} as const;

export type MetricName = keyof typeof METRICS;

/** Those that were measured. */
export type Metrics = Partial<Record<MetricName, number>>;

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
