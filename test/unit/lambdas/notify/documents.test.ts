import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { webhooksOf } from '../../../../lambdas/notify/webhooks.ts';

it.each(['docs/webhooks.md', 'docs/deploy.md'])('the parameter as %s shows it is what notify takes', async (path) => {
  const [json = '', ...others] = (await readFile(path, 'utf8')).match(/^\{\n {2}"webhooks": [\s\S]*?^\}$/gm) ?? [];
  expect(others).toEqual([]);
  const sinks = webhooksOf(json, 'x', { allowPrivateAddresses: false, userAgent: 'x' });
  expect(sinks.map(({ sink }) => sink.name)).toEqual([
    expect.stringContaining('hooks.slack.com'),
    expect.stringContaining('oncall.example.com'),
  ]);
});
