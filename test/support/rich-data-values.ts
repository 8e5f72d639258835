/** `integer 42`, `float 0.1`, `date 1709164800`: a type and the text that FalkorDB gave. Strings are plain text. */
export type Value = string | null | Value[] | { [name: string]: Value };

/** The numbers of FalkorDB's result set protocol: docs.falkordb.com/design/client-spec */
const SCALARS: Record<string, string> = {
  3: 'integer',
  4: 'boolean',
  5: 'float',
  13: 'localdatetime',
  14: 'date',
  15: 'localtime',
  16: 'duration',
};

const MISTAKABLE = new RegExp(`^("|(${Object.values(SCALARS).join('|')}|point|vector) )`);

/** The rows of a reply of GRAPH.RO_QUERY … --compact, read by a client that gives integers as text. */
export function plainRows(reply: unknown): Value[][] {
  const [, rows] = asList(reply);
  return asList(rows).map((row) => asList(row).map(plainValue));
}

export function isFloat(value: Value): value is string {
  return typeof value === 'string' && /^float -?\d/.test(value);
}

function plainValue(cell: unknown): Value {
  const [code, value] = asList(cell);
  const scalar = SCALARS[String(code)];
  if (scalar) return `${scalar} ${String(value)}`;
  switch (String(code)) {
    case '1':
      return null;
    case '2':
      // No string may look like `integer 5`.
      return MISTAKABLE.test(String(value)) ? JSON.stringify(value) : String(value);
    case '6':
      return asList(value).map(plainValue);
    case '10':
      return plainMap(asList(value));
    case '11':
      return `point ${asList(value).join(' ')}`;
    case '12':
      return `vector ${asList(value).join(' ')}`;
    default:
      throw new TypeError(`FalkorDB sent a value of type ${String(code)}, which this reading does not know`);
  }
}

/** In order of name: that of a map means nothing. */
function plainMap(flat: unknown[]): { [name: string]: Value } {
  const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), plainValue(flat[i + 1])] as const] : []));
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`not a list: ${JSON.stringify(value)}`);
}
