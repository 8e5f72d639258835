import type { MetricName, Metrics } from '../observe/metrics.ts';
import type { Line, Summary } from '../observe/statistics.ts';

export const PARTS = ['backup', 'restore', 'disturbance', 'growth', 'questions'] as const;
export type PartName = (typeof PARTS)[number];

/** All runs of one contender in one table. */
export interface Series {
  part: PartName;
  /** What is compared in this table: the graph, the place, the question. */
  table: string;
  contender: string;
  runs: Metrics[];
  summary: Partial<Record<MetricName, Summary>>;
}

/** How one metric of a contender goes with the size of something. */
export interface Growth {
  part: PartName;
  table: string;
  contender: string;
  /** What `x` counts. */
  unit: 'MB of dump' | 'manifests';
  metric: MetricName;
  /** x, and the median of the metric there. */
  points: [x: number, y: number][];
  /** Undefined where there is one point. */
  line: Line | undefined;
}

export interface Results {
  series: Series[];
  growth: Growth[];
  /** What could not be measured because something failed. */
  failures: { part: string; message: string }[];
  absent: { contender: string; reason: string }[];
  graphs: { name: string; description: string; batches: number; dumpBytes: number }[];
}
