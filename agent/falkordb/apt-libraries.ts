import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { systemErrorCode } from '../../core/model/errors.ts';
import { type AptSource, parseAptSources } from './apt-sources.ts';

/** What redis-server and falkordb.so are linked with, and what those libraries need; both suites use these names. */
const PACKAGES = [
  'libc6',
  'libstdc++6',
  'libgcc-s1',
  'libsystemd0',
  'libcap2',
  'libgcrypt20',
  'libgpg-error0',
  'liblz4-1',
  'liblzma5',
  'libssl3t64',
  'libgomp1',
  'libzstd1',
  'zlib1g',
];

const APT_TIMEOUT_MS = 5 * 60_000;
const ABANDONED_AFTER_MS = 60 * 60_000;

export interface Release {
  mirror: string;
  suite: string;
  keyring: string;
}

/**
 * Downloads with apt-get, which checks the archive's signature, and unpacks with dpkg. Complete or absent: everything
 * is made in a folder beside `folder`, which then takes its name in one step.
 * @throws the error of the subprocess or file operation that failed.
 */
export async function fetchLibraries(folder: string, release: Release): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await removeAbandoned(folder);
  const work = await mkdtemp(`${folder}.tmp-`);
  try {
    const [debs, unpacked] = [join(work, 'debs'), join(work, 'unpacked')];
    for (const path of ['lists/partial', 'archives/partial', 'no-parts', 'debs', 'unpacked']) {
      await mkdir(join(work, path), { recursive: true });
    }
    const config = await writeAptConfig(work, release);
    const options = { cwd: debs, stdin: 'ignore', timeout: APT_TIMEOUT_MS } as const;
    await execa('apt-get', [`--config-file=${config}`, 'update'], options);
    await execa('apt-get', [`--config-file=${config}`, 'download', ...PACKAGES], options);
    for (const deb of await readdir(debs)) await execa('dpkg', ['-x', deb, unpacked], options);
    await rm(join(unpacked, 'usr/share'), { recursive: true, force: true });
    await rename(unpacked, folder).catch((error: unknown) => {
      // Another process was faster; what it fetched is the same.
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What a killed process left beside `folder`; the age keeps those that are still at work out of it. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  for (const name of names.filter((name) => name.startsWith(`${basename(folder)}.tmp-`))) {
    const path = join(dirname(folder), name);
    const modified = (await stat(path).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (modified < Date.now() - ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Read after the system's own apt.conf, so its proxy settings stay in force, while what would tie the new suite to the
 * installed one (package status, pins, default release) and other programs' hooks are taken away.
 */
async function writeAptConfig(work: string, { mirror, suite, keyring }: Release): Promise<string> {
  const sources = join(work, 'newer.sources');
  await writeFile(
    sources,
    `Types: deb\nURIs: ${mirror}\nSuites: ${suite}\nComponents: main\nArchitectures: amd64\nSigned-By: ${keyring}\n`,
  );
  await writeFile(join(work, 'status'), '');
  const config = join(work, 'apt.conf');
  await writeFile(
    config,
    `Dir::State "${work}";
Dir::State::lists "lists";
Dir::State::status "${work}/status";
Dir::Cache "${work}";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "${sources}";
Dir::Etc::sourceparts "${work}/no-parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${work}/no-parts";
APT::Default-Release "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`,
  );
  return config;
}

/** All that apt itself would read from its usual places; what cannot be read is left out. */
export async function readAptSources(): Promise<AptSource[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const paths = ['/etc/apt/sources.list', ...parts.map((name) => `/etc/apt/sources.list.d/${name}`)];
  const sources = paths
    .filter((path) => /\.(list|sources)$/.test(path))
    .map(async (path) => {
      const text = await readFile(path, 'utf8').catch(() => '');
      return parseAptSources(text, path.endsWith('.sources') ? 'sources' : 'list');
    });
  return (await Promise.all(sources)).flat();
}
