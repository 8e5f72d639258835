/** A number in [0, 1) at each call, always the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/*
 * Values are made by the server, from row numbers: FalkorDB takes 20 times longer to parse a vector than to make one.
 * The fraction of a large multiple of a sine has all bits of a random one, and is the same each time.
 */

/** Cypher for a number in (-1, 1), made of the row's number and a salt, both Cypher too. */
export function signedRandom(row: string, salt: string | number, seed: number): string {
  return `(sin(${row} * 12.9898 + ${salt} * 78.233 + ${seed}) * 43758.5453 % 1.0)`;
}

/** Cypher for a number in [0, 1). */
export function random(row: string, salt: string | number, seed: number): string {
  return `abs${signedRandom(row, salt, seed)}`;
}

/** Cypher for a whole number from 0 to below `limit`. */
export function randomInt(row: string, salt: string | number, seed: number, limit: number | string): string {
  return `toInteger(${random(row, salt, seed)} * ${limit})`;
}

/** Cypher for a vector of 32-bit floats: as incompressible as an embedding. */
export function randomVector(row: string, salt: number, seed: number, dimension: number): string {
  return `vecf32([x IN range(1, ${dimension}) | ${signedRandom(row, `(x + ${salt * dimension})`, seed)}])`;
}

/** Cypher for an identifier of some 30 characters. */
export function randomUuid(row: string, salt: number, seed: number): string {
  const digits = (part: number) => `toString(${randomInt(row, salt + part / 4, seed, 1e15)})`;
  return `${digits(1)} + '-' + ${digits(2)}`;
}

const VOCABULARY = 2_000;

/** Cypher for text of so many words, of which few are frequent, as in a language. Wants `parameters`. */
export function randomText(row: string, salt: number, seed: number, words: number): string {
  const index = `toInteger(${random(row, `(word + ${salt * 1000})`, seed)} ^ 3 * ${VOCABULARY})`;
  return `reduce(text = '', word IN range(1, ${words}) | text + $words[${index}] + ' ')`;
}

/**
 * What each query begins with: all that differs between batches is a parameter. So FalkorDB plans a query once: when it planned
 * each one, it crashed far more often (4.16.3, of vectors: once in some fifty batches).
 */
export function parameters(batch: number, seed: number, others = ''): string {
  return `CYPHER batch=${batch} words=[${words(seed)}] ${others} `;
}

function words(seed: number): string {
  const next = seeded(seed);
  const syllable = () => `${pick('bcdfghklmnprstvz', next)}${pick('aeiou', next)}`;
  const word = () => Array.from({ length: 1 + Math.floor(next() * 4) }, syllable).join('');
  return Array.from({ length: VOCABULARY }, () => `'${word()}'`).join(',');
}

function pick(letters: string, next: () => number): string {
  return letters[Math.floor(next() * letters.length)] ?? '';
}

/** Cypher for the numbers of a batch's rows, of which each has so many. */
export function rows(count: number): string {
  return `range($batch * ${count}, $batch * ${count} + ${count - 1})`;
}
