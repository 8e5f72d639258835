import { describe, expect, it } from 'vitest';
import { parseWords } from '../../../../agent/execute/words.ts';

describe('parseWords', () => {
  it('takes all after the first "=" as the value, whatever it is', () => {
    expect(parseWords(['action=backup', 'run-id=', 'backup=a=b\n$(c) "d"'])).toEqual({
      action: 'backup',
      'run-id': '',
      backup: 'a=b\n$(c) "d"',
    });
  });

  it('knows no name that means more than itself', () => {
    expect(Object.entries(parseWords(['__proto__=x', 'constructor=y']))).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it.each([
    [['action=backup', 'target'], '"target" is no word'],
    [['=shop'], '"=shop" is no word'],
    [[''], '"" is no word'],
    [['target=shop', 'target=other'], 'has the word "target" twice'],
    [['target=', 'target=shop'], 'has the word "target" twice'],
    [['to\u001b[2Jtal'], String.raw`"to\u001b[2Jtal" is no word`],
  ])('refuses %j', (words, message) => {
    expect(() => parseWords(words)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });
});
