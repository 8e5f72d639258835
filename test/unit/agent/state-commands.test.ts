import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteForRedisCli, stateCommands } from '../../../agent/state-commands.ts';
import type { StoredState } from '../../../agent/state-file.ts';
import { redisCliWords } from '../../support/redis-cli-words.ts';

const ENGINE = { redis: '8.2.3', falkordb: '4.16.3' };
const HASH = `#${'0a'.repeat(32)}`;

function state(parts: Partial<StoredState>): StoredState {
  return {
    schemaVersion: 1,
    aclUsers: null,
    config: null,
    graphConfig: null,
    modules: null,
    omittedSecrets: [],
    ...parts,
  };
}

const commandsOf = (parts: Partial<StoredState>, engine = ENGINE) => stateCommands(state(parts), engine).commands;

describe('a word for redis-cli', () => {
  test.each([
    ['plain', 'plain'],
    ['~cache:*', '~cache:*'],
    ['+config|get', '+config|get'],
    [HASH, HASH],
    ['', '""'],
    ['two words', '"two words"'],
    ['"quoted"', String.raw`"\"quoted\""`],
    ["it's", `"it's"`],
    ['back\\slash', String.raw`"back\\slash"`],
    ['line\nbreak\t\u0000', String.raw`"line\x0abreak\x09\x00"`],
    ['é漢🧬', '"é漢🧬"'],
  ])('%j becomes %s', (word, quoted) => expect(quoteForRedisCli(word)).toBe(quoted));

  test('is read again as it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        expect(redisCliWords(words.map(quoteForRedisCli).join(' '))).toEqual(words);
        expect(words.map(quoteForRedisCli).join(' ')).not.toContain('\n');
      }),
    );
  });
});

describe('users', () => {
  test('are made anew with their rules, selectors in one word, and default last', () => {
    const aclUsers = [
      `user default on sanitize-payload ${HASH} ~* &* +@all`,
      'user app on nopass ~a"b resetchannels -@all +get (~x resetchannels -@all +get) (%R~y &ch -@all +set)',
      'user default2 off resetchannels -@all',
    ];
    expect(commandsOf({ aclUsers })).toEqual([
      String.raw`ACL SETUSER app reset on nopass "~a\"b" resetchannels -@all +get "(~x resetchannels -@all +get)" "(%R~y &ch -@all +set)"`,
      'ACL SETUSER default2 reset off resetchannels -@all',
      `ACL SETUSER default reset on sanitize-payload ${HASH} ~* &* +@all`,
    ]);
  });

  test('come after the settings, as they may take the right to set them', () => {
    const commands = commandsOf({
      aclUsers: ['user default off'],
      config: { hz: '20' },
      graphConfig: [['TIMEOUT_MAX', '9']],
    });
    expect(commands.map((command) => command.split(' ')[0])).toEqual(['CONFIG', 'GRAPH.CONFIG', 'ACL']);
  });
});

describe('settings', () => {
  const config = {
    'hash-max-listpack-entries': '512',
    'hash-max-ziplist-entries': '128',
    'io-threads': '4',
    maxmemory: '1000',
    port: '6380',
    save: '',
    'slave-priority': '7',
    'tls-cert-file': '/etc/cert',
    unknown: 'x y',
  };

  test('are set where they differ from the default; others are for redis.conf; old names are not repeated', () => {
    expect(stateCommands(state({ config }), ENGINE)).toEqual({
      commands: ['CONFIG SET maxmemory 1000', 'CONFIG SET save ""', 'CONFIG SET unknown "x y"'],
      atStart: { config: { 'io-threads': '4', port: '6380', 'tls-cert-file': '/etc/cert' }, graphConfig: {} },
    });
  });

  test('are all set where the defaults of the version are not known', () => {
    expect(commandsOf({ config }, { redis: '8.4.0', falkordb: '4.16.3' })).toContain(
      'CONFIG SET hash-max-listpack-entries 512',
    );
    expect(commandsOf({ graphConfig: [['RESULTSET_SIZE', '-1']] }, { redis: '8.2.3', falkordb: '4.18.0' })).toEqual([
      'GRAPH.CONFIG SET RESULTSET_SIZE -1',
    ]);
  });

  test('of FalkorDB are set in the order it takes, switches as words', () => {
    const graphConfig: [string, string][] = [
      ['RESULTSET_SIZE', '100'],
      ['TIMEOUT_DEFAULT', '400'],
      ['TIMEOUT_MAX', '500'],
      ['CACHE_SIZE', '99'],
      ['CMD_INFO', '0'],
      ['DELAY_INDEXING', '1'],
      ['QUERY_MEM_CAPACITY', '0'],
    ];
    expect(stateCommands(state({ graphConfig }), ENGINE)).toEqual({
      commands: [
        'GRAPH.CONFIG SET TIMEOUT_MAX 500',
        'GRAPH.CONFIG SET RESULTSET_SIZE 100',
        'GRAPH.CONFIG SET TIMEOUT_DEFAULT 400',
        'GRAPH.CONFIG SET CMD_INFO no',
        'GRAPH.CONFIG SET DELAY_INDEXING yes',
      ],
      atStart: { config: {}, graphConfig: { CACHE_SIZE: '99' } },
    });
  });
});

test('nothing is put back of what could not be read', () => {
  expect(stateCommands(state({}), ENGINE)).toEqual({ commands: [], atStart: { config: {}, graphConfig: {} } });
});
