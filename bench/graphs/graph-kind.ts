/** A sort of graph that a benchmark is run on. The same seed and number of batches make the same graph. */
export interface GraphKind {
  name: string;
  /** For the report. */
  description: string;
  /** What a batch takes of a dump: 4.16.3 wrote so much. */
  batchBytes: number;
  /** Queries to run before the data: what a load of it needs. */
  before: string[];
  /**
   * Queries that create batch `number`, counted from 0. A list of nodes is in no row that there are many of: FalkorDB
   * copies it into each (seen: 450 MB for 20,000 edges).
   */
  batch(number: number, seed: number): string[];
  /** Queries to run when all data is there. */
  after: string[];
  /** Queries of clients, for those graphs that are queried while something else happens. */
  load?: Load;
}

/** Each is made of random numbers in [0, 1), for a graph of so many batches. */
export interface Load {
  read(next: () => number, batches: number): string;
  write(next: () => number, batches: number): string;
}
