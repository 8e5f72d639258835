import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROUTES } from '../../../../agent/web/routes.ts';

const text = readFileSync('docs/api.md', 'utf8');

describe('docs/api.md', () => {
  test.each(Object.values(ROUTES))('has the route %s', (route) => {
    expect(text).toMatch(new RegExp(`^\\| \\[\`${route}\`\\]\\(#[a-z-]+\\) \\| .+ \\|$`, 'm'));
  });

  test('has no route that there is not', () => {
    const named = [...text.matchAll(/`((?:GET|POST|DELETE) \/[^\s`]*)`/g)].map(([, route = '']) => route);
    expect(Object.values<string>(ROUTES)).toEqual(expect.arrayContaining([...new Set(named)]));
  });

  test('has each code that only this server answers with', () => {
    const code = globSync('agent/web/*.ts').map((path) => readFileSync(path, 'utf8'));
    const codes = [...code.join('\n').matchAll(/new Refusal\(\s*(\d+),\s*'([a-z-]+)'/g)];
    expect(codes.length).toBeGreaterThan(10);
    for (const [, status = '', name = ''] of codes) {
      expect(text).toMatch(new RegExp(`^\\| ${status} \\|[^|]*\`${name}\``, 'm'));
    }
  });

  test('has examples that are JSON', () => {
    const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => json);
    expect(examples.length).toBeGreaterThan(8);
    for (const json of examples) expect(() => JSON.parse(json), json).not.toThrow();
  });
});
