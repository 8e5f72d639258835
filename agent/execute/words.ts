import { BackupError } from '../../core/model/errors.ts';

/**
 * The words of a request, `name=value` each, by name.
 * @throws invalid-argument where one is no such word, or a name is given twice
 */
export function parseWords(words: readonly string[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const word of words) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) throw wrong(`${JSON.stringify(word)} is no word of a request.`);
    if (values.has(name)) throw wrong(`The request has the word ${JSON.stringify(name)} twice.`);
    values.set(name, value);
  }
  return Object.fromEntries(values);
}

function wrong(message: string): BackupError {
  return new BackupError('invalid-argument', message, {
    hint: 'Words are name=value, each name once; "falkordb-backup execute --help" shows some.',
  });
}
