const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
const QUOTED = /^"((?:\\x[0-9a-fA-F]{2}|\\.|[^"\\])*)"(?=\s|$)/s;

/** The words of a line as redis-cli splits it: sdssplitargs of Redis's sds.c, for double quotes and none. */
export function redisCliWords(line: string): string[] {
  const words: string[] = [];
  let rest = line.replace(/^ +/, '');
  while (rest !== '') {
    const [whole = '', word = ''] = QUOTED.exec(rest) ?? /^([^\s"']+)(?=\s|$)/.exec(rest) ?? [];
    if (whole === '') throw new Error(`redis-cli refuses this line: ${line}`);
    words.push(whole.startsWith('"') ? unescaped(word) : word);
    rest = rest.slice(whole.length).replace(/^ +/, '');
  }
  return words;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9a-fA-F]{2})|\\(.)/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
