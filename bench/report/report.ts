import type { Machine } from './machine.ts';
import type { Results } from './results.ts';

/** What a run of the bench found: the JSON file, and what the Markdown is made of. */
export interface Report extends Results {
  schemaVersion: 1;
  command: string;
  startedAt: string;
  endedAt: string;
  machine: Machine;
  pageCache: string;
  options: { size: string; dumpBytes: number; runs: number; seed: number; parts: string[]; graphs: string[] };
}
