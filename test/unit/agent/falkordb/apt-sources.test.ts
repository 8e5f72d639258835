import { describe, expect, test } from 'vitest';
import { mainArchiveUri, parseAptSources } from '../../../../agent/falkordb/apt-sources.ts';

const bookworm = { id: 'debian', codename: 'bookworm' };
const jammy = { id: 'ubuntu', codename: 'jammy' };

describe('deb822 .sources', () => {
  const text = `# a comment
Types: deb deb-src
# another comment, inside of the stanza
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
  contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`;

  test('reads every enabled binary stanza, with continued lines and comments', () => {
    expect(parseAptSources(text, 'sources')).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      expect.objectContaining({ uri: 'http://second.example/debian' }),
      {
        uri: 'http://mirror.example/debian-security',
        suites: ['bookworm-security'],
        components: ['main'],
        signedBy: undefined,
      },
    ]);
  });

  test('keeps a key block that is written into the entry', () => {
    const block = 'types: deb\nuris: http://a.example\nsuites: x\nsigned-by:\n -----BEGIN PGP-----\n .\n abc\n';
    expect(parseAptSources(block, 'sources')[0]?.signedBy).toMatch(/^-----BEGIN PGP-----\s[\s\S]*abc$/);
  });

  test('names the first address of the main archive', () => {
    expect(mainArchiveUri(parseAptSources(text, 'sources'), bookworm)).toBe('http://mirror.example/debian');
  });
});

describe('one-line .list', () => {
  test('reads options, components and comments', () => {
    const text = `
# deb http://off.example/debian bookworm main
deb [ arch=amd64 signed-by=/usr/share/keyrings/x.gpg ] http://a.example/debian bookworm main contrib # why
deb-src http://b.example/debian bookworm main
	deb\thttp://c.example/flat ./
`;
    expect(parseAptSources(text, 'list')).toEqual([
      {
        uri: 'http://a.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/x.gpg',
      },
      { uri: 'http://c.example/flat', suites: ['./'], components: [], signedBy: undefined },
    ]);
  });

  test('finds the archive of Ubuntu among its pockets', () => {
    const text = `deb http://security.example/ubuntu jammy-security main restricted
deb http://archive.example/ubuntu/ jammy main restricted
deb http://archive.example/ubuntu/ jammy-updates main restricted`;
    expect(mainArchiveUri(parseAptSources(text, 'list'), jammy)).toBe('http://archive.example/ubuntu/');
  });
});

describe('entries of other vendors', () => {
  test.each([
    ['a key of its own', 'deb [signed-by=/k/vendor.gpg] http://vendor.example/linux/debian bookworm main'],
    ['a component of its own', 'deb http://vendor.example/linux/debian bookworm stable'],
    ['a suite of its own', 'deb http://vendor.example/debian bookworm-pgdg main'],
    ['a disc', 'deb cdrom:[Debian bookworm]/ bookworm main'],
  ])('%s does not count', (_, line) => {
    expect(mainArchiveUri(parseAptSources(line, 'list'), bookworm)).toBeUndefined();
  });

  test('without a key named, the address that names the distribution wins', () => {
    const text = `deb http://vendor.example/node_18.x bookworm main
deb mirror+file:///etc/apt/mirrors/debian.list bookworm main`;
    expect(mainArchiveUri(parseAptSources(text, 'list'), bookworm)).toBe('mirror+file:///etc/apt/mirrors/debian.list');
  });

  test('a mirror under another name is taken where there is no better one', () => {
    const line = 'deb http://proxy.example/remote-os bookworm main';
    expect(mainArchiveUri(parseAptSources(line, 'list'), bookworm)).toBe('http://proxy.example/remote-os');
  });
});
