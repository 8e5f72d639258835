import type { Contents, Verification } from '../../core/model/verification.ts';
import { EXAMPLE_GRAPH, SHA_OF_NOTHING } from './example-manifest.ts';

export function exampleContents(): Contents {
  return { graphs: [EXAMPLE_GRAPH], samples: { [EXAMPLE_GRAPH.name]: SHA_OF_NOTHING } };
}

/** Of the example manifest. */
export function exampleVerification(facts: Partial<Verification> = {}): Verification {
  return {
    schemaVersion: 1,
    backupId: '20261122T023000Z-falkordb-daily',
    verifiedAt: '2026-11-22T03:00:00.000Z',
    rdbSha256: SHA_OF_NOTHING,
    outcome: 'loaded',
    engine: { redis: '8.2.3', falkordb: '4.16.3' },
    failure: null,
    differences: [],
    contents: exampleContents(),
    loadSeconds: 1.25,
    tool: { name: 'falkordb-backup', version: '0.1.0' },
    ...facts,
  };
}
