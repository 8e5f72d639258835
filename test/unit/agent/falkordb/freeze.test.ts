import { expect, it } from 'vitest';
import { receivedTimes } from '../../../../agent/falkordb/freeze.ts';

const query = (receivedAt: number) => ['Received at', receivedAt, 'Graph name', 'g', 'Query', '...', 'Duration', '1'];
const pool = ['Object Pool', [['Unique Objects in Pool', 0]]];

it('tells when each query was received that runs or waits, from what GRAPH.INFO of 4.16.3 says', () => {
  expect(receivedTimes(['# Running queries', [], '# Waiting queries', [], ...pool])).toEqual([]);
  expect(
    receivedTimes(['# Running queries', [query(17), query(18)], '# Waiting queries', [query(19)], ...pool]),
  ).toEqual([17, 18, 19]);
});

it('tells no time of what it does not know, which counts as running', () => {
  expect(receivedTimes(['# Running queries', ['?']])).toEqual([Number.NaN]);
});
