import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandParser } from '../../../../../agent/falkordb/master/command-parser.ts';

const encode = (words: string[]) =>
  Buffer.from(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);

describe('CommandParser', () => {
  it('reads commands from bytes in whatever pieces they arrive', () => {
    const command = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (commands, sizes) => {
          const bytes = Buffer.concat(commands.map(encode));
          const parser = new CommandParser();
          const read: string[][] = [];
          for (let start = 0; start < bytes.length; ) {
            const size = sizes.next().value ?? 1;
            read.push(...parser.push(bytes.subarray(start, start + size)));
            start += size;
          }
          expect(read).toEqual(commands);
        },
      ),
    );
  });

  it('passes over the newlines that a replica sends while it loads', () => {
    const parser = new CommandParser();
    expect(parser.push(Buffer.from('\n'))).toEqual([]);
    expect(parser.push(Buffer.from('\n\n*1\r\n$4\r\nPING\r\n\n*1\r'))).toEqual([['PING']]);
    expect(parser.push(Buffer.from('\n$1\r\nX\r\n\n'))).toEqual([['X']]);
  });

  it.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an inline command', 'PING\r\n'],
    ['too many words', '*33\r\n'],
    ['a word that is too long', '*1\r\n$4097\r\n'],
    ['a negative count', '*-1\r\n'],
    ['a count that is none', '*1x\r\n'],
    ['a count without an end', `*${'1'.repeat(40)}`],
    ['something else than a bulk string', '*1\r\n:1\r\n'],
  ])('refuses %s', (_, text) => expect(() => new CommandParser().push(Buffer.from(text))).toThrow(RangeError));

  it('keeps no more than a command may need', () => {
    const parser = new CommandParser();
    const word = `$4000\r\n${'x'.repeat(4000)}\r\n`;
    expect(() => parser.push(Buffer.from(`*10\r\n${word.repeat(5)}`))).toThrow(RangeError);
  });
});
