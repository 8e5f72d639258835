import type { Metrics } from '../observe/metrics.ts';
import type { PlaceName } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';

/** One way to do what a part is about. */
export interface Contender {
  name: string;
  /** Undefined where it can run on this machine, else why not. */
  missing(): Promise<string | undefined>;
  /** Prepares, measures, and clears up: what is not measured leaves the machine as it was for the next contender. */
  run(scene: Scene, place: PlaceName): Promise<Metrics>;
}

export interface Absent {
  contender: string;
  reason: string;
}
