import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAYLOADS } from '../../scenario/support/payloads.ts';

test('docs/deploy.md invokes the functions with what the scenarios send, and with nothing else', () => {
  const text = readFileSync('docs/deploy.md', 'utf8');
  const shown = [...text.matchAll(/--payload[\s\\]*'([^']*)'/g)].map(([, json = '']) => JSON.parse(json));
  expect(shown).toHaveLength([...text.matchAll(/--payload/g)].length);
  const sorted = (payloads: unknown[]) => payloads.map((payload) => JSON.stringify(payload)).toSorted();
  expect(sorted(shown)).toEqual(sorted(Object.values(PAYLOADS)));
});
