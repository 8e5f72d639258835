export interface AptSource {
  uri: string;
  suites: string[];
  components: string[];
  /** A key file, a fingerprint or a whole key block; undefined where apt's global keys apply. */
  signedBy: string | undefined;
}

export interface Distro {
  /** `ID` of os-release: also a part of the distribution's mirror addresses and of its keyring's file name. */
  id: string;
  codename: string;
}

/** Formats: sources.list(5). Both are parsed leniently: what apt would complain about is left out here. */
export function parseAptSources(text: string, format: 'list' | 'sources'): AptSource[] {
  return format === 'list' ? parseOneLineStyle(text) : parseDeb822Style(text);
}

/**
 * The address of the distribution's own package archive, as the machine's administrator has chosen it.
 * Entries of other vendors often name the same suite and component, so those with a key of their own do not count
 * and, of the rest, an address that names the distribution wins. A wrong guess is harmless: apt checks signatures.
 */
export function mainArchiveUri(sources: AptSource[], distro: Distro): string | undefined {
  const candidates = sources.filter(
    (source) =>
      source.suites.includes(distro.codename) &&
      source.components.includes('main') &&
      !source.uri.startsWith('cdrom:') &&
      (source.signedBy === undefined || source.signedBy.includes(`${distro.id}-archive-`)),
  );
  return (candidates.find((source) => source.uri.includes(distro.id)) ?? candidates[0])?.uri;
}

function parseOneLineStyle(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s*)?(?<uri>\S+)\s+(?<suite>\S+)\s*(?<components>[^#]*)/.exec(
      line,
    );
    if (entry?.groups === undefined) return [];
    const { options = '', uri = '', suite = '', components = '' } = entry.groups;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uri, suites: [suite], components: words(components), signedBy }];
  });
}

function parseDeb822Style(text: string): AptSource[] {
  const uncommented = text.replaceAll(/^#.*\n?/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map(
      // A line that starts with white space continues the field above it.
      [...stanza.matchAll(/^(?<name>[\w-]+):(?<value>.*(?:\n[ \t].*)*)/gm)].map((field) => [
        field.groups?.name?.toLowerCase(),
        field.groups?.value?.trim() ?? '',
      ]),
    );
    if (!words(fields.get('types')).includes('deb') || /^(no|false)$/i.test(fields.get('enabled') ?? '')) return [];
    return words(fields.get('uris')).map((uri) => ({
      uri,
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      signedBy: fields.get('signed-by'),
    }));
  });
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
