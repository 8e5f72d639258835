/**
 * Values of GRAPH.RO_QUERY … --compact, each a pair of type and value. It is the one reply format in which names with
 * quotes, commas and braces come back as they are: the plain one and toJSON() do not escape them (seen on 4.16.3).
 * The numbers are those of FalkorDB's result set protocol.
 */
export type CompactValue = string | number | boolean | null | CompactValue[] | { [name: string]: CompactValue };

const NULL = 1;
const STRING = 2;
const INTEGER = 3;
const BOOLEAN = 4;
const DOUBLE = 5;
const ARRAY = 6;
const MAP = 10;
const POINT = 11;
const VECTOR = 12;

/** @throws TypeError for a reply of another shape, or a value of another type */
export function decodeCompactValue(reply: unknown): CompactValue {
  const [type, value] = asArray(reply);
  switch (type) {
    case NULL:
      return null;
    case STRING:
      return String(value);
    case INTEGER:
    case DOUBLE:
      return Number(value);
    case BOOLEAN:
      return String(value) === 'true';
    case ARRAY:
      return asArray(value).map(decodeCompactValue);
    case MAP: {
      const flat = asArray(value);
      const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), decodeCompactValue(flat[i + 1])]] : []));
      return Object.fromEntries(pairs);
    }
    default:
      throw new TypeError(`FalkorDB sent a value of type ${String(type)} where a count or a list was asked for`);
  }
}

/** The value of a reply that has one row of one column. */
export function decodeSingleCompactValue(reply: unknown): CompactValue {
  return decodeCompactValue(rowOfCompactReply(reply)[0]);
}

/** The cells of a reply that has one row. */
export function rowOfCompactReply(reply: unknown): unknown[] {
  const [, rows] = asArray(reply);
  const [row] = asArray(rows);
  return asArray(row);
}

/**
 * A value of any type (points, vectors, times and durations too) as JSON that is the same for the same value, whatever
 * server sent it: properties come in the order in which the server met their names, and the sign of "nan" is chance.
 */
export function canonicalCompactValue(reply: unknown): unknown {
  const [type, value] = asArray(reply);
  switch (type) {
    case ARRAY:
      return [type, asArray(value).map(canonicalCompactValue)];
    case MAP: {
      const flat = asArray(value);
      const pairs = flat.flatMap((name, i) =>
        i % 2 === 0 ? [[String(name), canonicalCompactValue(flat[i + 1])]] : [],
      );
      return [type, pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))];
    }
    case DOUBLE:
    case POINT:
    case VECTOR:
      return [type, [value].flat().map(canonicalNumber)];
    default:
      return [type, value];
  }
}

/** Doubles arrive as text, with as many digits as that server's version thinks fit. */
function canonicalNumber(text: unknown): number | string {
  const number = Number(text);
  return Number.isNaN(number) ? String(text).replace(/^-(?=nan)/, '') : number;
}

function asArray(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError('FalkorDB sent a reply of an unknown shape');
}
