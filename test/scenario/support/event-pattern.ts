/* EventBridge's patterns, as far as our rules use them; every other operator is an error. */

/** @throws for a pattern that is not understood */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  if (!isObject(pattern)) throw new Error(`Not understood: the pattern ${JSON.stringify(pattern)}`);
  const fields = isObject(event) ? event : {};
  // All of them, so that what is not understood is found whatever the event.
  const results = Object.entries(pattern).map(([name, wanted]) =>
    Array.isArray(wanted) ? matchesOne(wanted, fields[name]) : matchesPattern(wanted, fields[name]),
  );
  return results.every(Boolean);
}

/** An array in an event fits where one of its elements does. */
function matchesOne(alternatives: unknown[], value: unknown): boolean {
  const values = Array.isArray(value) ? value : [value];
  const results = alternatives.map((wanted) => values.some((each) => fits(wanted, each)));
  return results.some(Boolean);
}

function fits(wanted: unknown, value: unknown): boolean {
  if (!isObject(wanted)) return value !== undefined && wanted === value;
  const [[operator, operand] = ['', undefined], ...others] = Object.entries(wanted);
  if (others.length === 0) {
    if (operator === 'prefix' && typeof operand === 'string')
      return typeof value === 'string' && value.startsWith(operand);
    if (operator === 'exists' && typeof operand === 'boolean') return (value !== undefined) === operand;
    if (operator === 'anything-but' && !isObject(operand))
      return value !== undefined && ![operand].flat().includes(value);
  }
  throw new Error(`Not understood: ${JSON.stringify(wanted)} in a pattern`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
