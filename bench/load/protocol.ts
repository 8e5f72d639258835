import type { Latencies } from './latencies.ts';

/** To the process that plays the clients. */
export type ToClients =
  | { say: 'open'; url: string; kind: string; batches: number; seed: number }
  /** As many requests as the server answers: what it can do. */
  | { say: 'saturate'; seconds: number; writeShare: number }
  /** A constant rate from now on. `writeShare` of the requests write. */
  | { say: 'go'; perSecond: number; writeShare: number }
  | { say: 'begin' }
  | { say: 'end' };

/** Each request is answered once. */
export type FromClients = { perSecond?: number; reads?: Latencies; writes?: Latencies };
