/** How far a step of a run is; `total` is null where only its end will tell. */
export interface Progress {
  phase: 'inventory' | 'save' | 'transfer' | 'verify' | 'fetch' | 'load' | 'restore' | 'compare' | 'indexes' | 'prune';
  unit: 'graphs' | 'keys' | 'bytes' | 'indexes' | 'backups';
  done: number;
  total: number | null;
}

export type OnProgress = (progress: Progress) => void;
