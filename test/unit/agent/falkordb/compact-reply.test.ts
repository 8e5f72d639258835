import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompactValue,
  canonicalCompactValue,
  decodeCompactValue,
  decodeSingleCompactValue,
} from '../../../../agent/falkordb/compact-reply.ts';

const { value } = fc.letrec<{ value: CompactValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
  ),
}));

/** As FalkorDB sends it: integers as numbers, truth and doubles as text, maps as flat lists. */
function encode(given: CompactValue): [number, unknown] {
  if (given === null) return [1, null];
  if (typeof given === 'string') return [2, given];
  if (typeof given === 'number') return [3, given];
  if (typeof given === 'boolean') return [4, String(given)];
  if (Array.isArray(given)) return [6, given.map(encode)];
  return [10, Object.entries(given).flatMap(([name, member]) => [name, encode(member)])];
}

describe('compact values', () => {
  it('come back as they are, whatever is in their names', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decodeCompactValue(encode(given))).toEqual(given);
      }),
    );
  });

  it('of names with quotes, commas and braces stay apart', () => {
    const names = ['a, b', '"q"', '[x]', '{y: 1}', "it's", 'ü\n'];
    expect(decodeCompactValue([6, names.map((name) => [2, name])])).toEqual(names);
  });

  it('may be a double', () => expect(decodeCompactValue([5, '1.5'])).toBe(1.5));

  it.each([[[7, []]], [[8, [1]]], [[99, 1]], [[]], [[null, 1]]])('throw a TypeError for %j', (reply) => {
    expect(() => decodeCompactValue(reply)).toThrow(TypeError);
  });

  it.each([[undefined], [null], ['text'], [7], [[6, 'not a list']], [[10, null]]])(
    'throw a TypeError for %j',
    (reply) => {
      expect(() => decodeCompactValue(reply)).toThrow(TypeError);
    },
  );
});

describe('decodeSingleCompactValue', () => {
  // GRAPH.RO_QUERY g "MATCH (n) RETURN count(n)" --compact
  it('returns the only cell of a reply', () => {
    const reply = [[[1, 'count(n)']], [[[3, 42]]], ['Cached execution: 0', 'Query internal execution time: 0.2 ms']];
    expect(decodeSingleCompactValue(reply)).toBe(42);
  });

  it.each([[[[], []]], [['only statistics']], [undefined], [[[], [[]], []]]])('throws a TypeError for %j', (reply) => {
    expect(() => decodeSingleCompactValue(reply)).toThrow(TypeError);
  });
});

describe('canonicalCompactValue', () => {
  const text = (reply: unknown) => JSON.stringify(canonicalCompactValue(reply));

  it('does not depend on the order of properties', () => {
    expect(text([10, ['a', [3, 1], 'b', [10, ['y', [3, 2], 'x', [3, 3]]]]])).toBe(
      text([10, ['b', [10, ['x', [3, 3], 'y', [3, 2]]], 'a', [3, 1]]]),
    );
  });

  it.each([
    ['an integer and a double', [3, 1], [5, '1']],
    ['an integer and a text', [3, 1], [2, '1']],
    [
      'the order of a list',
      [
        6,
        [
          [3, 1],
          [3, 2],
        ],
      ],
      [
        6,
        [
          [3, 2],
          [3, 1],
        ],
      ],
    ],
    ['points', [11, ['1.5', '2.5']], [11, ['2.5', '1.5']]],
    ['vectors', [12, ['0.1', '2']], [12, ['0.1', '3']]],
    ['infinities', [5, 'inf'], [5, '-inf']],
    ['times', [15, -5], [15, -6]],
    ['a date and a time', [14, 5], [13, 5]],
    ['a name and its value', [10, ['a', [2, 'b']]], [10, ['b', [2, 'a']]]],
    ['values of a type that is not known yet', [99, ['x']], [99, ['y']]],
  ])('tells %s apart', (_, one, other) => expect(text(one)).not.toBe(text(other)));

  it.each([
    ['more digits of the same double', [5, '0.1'], [5, '0.10000000000000001']],
    ['the sign of what is no number', [5, 'nan'], [5, '-nan']],
    ['digits within a vector', [12, ['0.5']], [12, ['0.50']]],
  ])('does not tell %s apart', (_, one, other) => expect(text(one)).toBe(text(other)));
});
