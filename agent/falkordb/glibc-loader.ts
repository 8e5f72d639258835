import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { execa } from 'execa';
import { BackupError } from '../../core/model/errors.ts';
import { fetchLibraries, readAptSources } from './apt-libraries.ts';
import { mainArchiveUri } from './apt-sources.ts';

/** A release with glibc >= 2.38 for each distribution whose older releases are in use; same mirror, same keyring. */
const NEWER_RELEASES: Record<string, { suite: string; keyring: string }> = {
  debian: { suite: 'trixie', keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  ubuntu: { suite: 'noble', keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg' },
};

/** Part of the cache folder's name: raised whenever other packages are fetched. */
const CACHE_REVISION = 1;

const SYSTEM_LOADER = '/lib64/ld-linux-x86-64.so.2';
const PROBE_TIMEOUT_MS = 30_000;

/** The words to put in front of a program so that it starts with libraries new enough; empty for the system's own. */
export type Loader = string[];

/**
 * Finds a loader that resolves every library and symbol version `binaries` ask for: the system's own or, fetched once
 * into the user's cache folder, the one of a newer release of the same distribution. Needs no root, and neither uses
 * nor changes the system's package lists.
 * @throws BackupError `engine-missing` where no such loader can be had.
 */
export async function findLoader(binaries: string[], log: (message: string) => void): Promise<Loader> {
  if (await resolvesAll([SYSTEM_LOADER], binaries)) return [];
  const { id, codename } = await readOsRelease();
  const release = NEWER_RELEASES[id];
  if (release === undefined) {
    throw unavailable(`this system (${id}) has no glibc >= 2.38`, 'Use Debian 13, Ubuntu 24.04 or newer, or Docker.');
  }
  const cache = resolve(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'falkordb-backup');
  const folder = join(cache, `libraries-${release.suite}-${CACHE_REVISION}`);
  if (!(await exists(folder))) {
    const mirror = mainArchiveUri(await readAptSources(), { id, codename });
    if (mirror === undefined) {
      throw unavailable(
        `apt's sources name no archive for ${id} ${codename}`,
        `Add the ${id} archive to apt's sources.`,
      );
    }
    log(`This system's libraries do not suit FalkorDB: fetching those of ${id} ${release.suite} into ${folder}`);
    await fetchLibraries(folder, { mirror, ...release }).catch((error: unknown) => {
      throw unavailable(
        `fetching newer libraries with apt-get failed: ${lastLines(error)}`,
        'Make apt-get and its mirror work, or use Debian 13, Ubuntu 24.04 or newer, or Docker.',
        error,
      );
    });
  }
  const loader = await loaderOf(folder);
  if (!(await resolvesAll(loader, binaries))) {
    throw unavailable(`the libraries in ${folder} do not suit it`, `Delete ${folder}, then try again.`);
  }
  return loader;
}

/** `ld.so --list` exits with 0 even where a library or a symbol version is `not found`: only its text tells. */
async function resolvesAll(loader: Loader, binaries: string[]): Promise<boolean> {
  const [program = SYSTEM_LOADER, ...args] = loader;
  const lists = await Promise.all(
    binaries.map((binary) =>
      execa(program, [...args, '--list', binary], { all: true, reject: false, timeout: PROBE_TIMEOUT_MS }),
    ),
  );
  return lists.every((list) => list.exitCode === 0 && !list.all?.includes('not found'));
}

async function loaderOf(folder: string): Promise<Loader> {
  // Packages from before the merge of /lib into /usr/lib still use the second one.
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(folder, path));
  for (const path of libraries) {
    const loader = join(path, basename(SYSTEM_LOADER));
    if (await exists(loader)) return [loader, '--library-path', libraries.join(':')];
  }
  throw unavailable(`${folder} holds no ${basename(SYSTEM_LOADER)}`, `Delete ${folder}, then try again.`);
}

async function readOsRelease(): Promise<{ id: string; codename: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? 'unknown';
  return { id: field('ID'), codename: field('VERSION_CODENAME') };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function lastLines(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').slice(-3).join(' ');
}

function unavailable(reason: string, hint: string, cause?: unknown): BackupError {
  return new BackupError('engine-missing', `FalkorDB's server cannot be started here: ${reason}`, { hint, cause });
}
