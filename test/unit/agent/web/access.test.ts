import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Access } from '../../../../agent/web/access.ts';
import { Refusal } from '../../../../agent/web/refusal.ts';

const TOKEN = 'zq-token-of-the-dashboard';

function statusOf(access: Access, authorization: string | undefined, address = 'a'): number {
  try {
    access.assertToken(authorization, address);
    return 200;
  } catch (error) {
    return error instanceof Refusal ? error.status : 0;
  }
}

test('a token is taken as browsers and scripts send it', () => {
  const access = new Access(TOKEN);
  expect([`Bearer ${TOKEN}`, `bearer  ${TOKEN} `].map((sent) => statusOf(access, sent))).toEqual([200, 200]);
  const refused = [undefined, '', TOKEN, `Bearer${TOKEN}`, `Bearer ${TOKEN} x`, `Bearer ${TOKEN.toUpperCase()}`];
  expect(refused.map((sent) => statusOf(access, sent))).toEqual(refused.map(() => 401));
});

test('wrong ones are counted for each address, for a minute, and those who send none are not', () => {
  let ms = 0;
  const access = new Access(TOKEN, () => ms);
  for (let attempt = 0; attempt < 20; attempt++) expect(statusOf(access, undefined)).toBe(401);
  for (let attempt = 0; attempt < 10; attempt++) expect(statusOf(access, 'Bearer x')).toBe(401);
  expect([statusOf(access, `Bearer ${TOKEN}`), statusOf(access, `Bearer ${TOKEN}`, 'b')]).toEqual([429, 200]);
  ms = 60_000;
  expect(statusOf(access, `Bearer ${TOKEN}`)).toBe(200);
});

test('wrong ones are counted in total, too', () => {
  const access = new Access(TOKEN, () => 0);
  const statuses = Array.from({ length: 101 }, (_, index) => statusOf(access, 'Bearer x', `address ${index}`));
  expect(statuses).toEqual([...Array(100).fill(401), 429]);
});

test('tokens are compared in a time that tells nothing', async () => {
  const code = await readFile('agent/web/access.ts', 'utf8');
  expect(code).toMatch(/timingSafeEqual\(digestOf\(token\), this\.#digest\)/);
  expect(code).not.toMatch(/token (===|!==) (?!undefined)/);
});
