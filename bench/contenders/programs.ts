import { execa } from 'execa';

/** Undefined where all programs answer, else which do not, and what brings them on Debian. */
export async function missingPrograms(programs: (keyof typeof PROGRAMS)[]): Promise<string | undefined> {
  const found = await Promise.all(programs.map(versionOf));
  const absent = programs.filter((_, index) => found[index] === undefined);
  if (absent.length === 0) return undefined;
  const packages = absent.map((program) => PROGRAMS[program].package).join(' ');
  return `there is no ${absent.join(' and no ')}: apt-get install ${packages}`;
}

export const PROGRAMS = {
  restic: { package: 'restic', version: ['version'] },
  'redis-cli': { package: 'redis-tools', version: ['--version'] },
  zstd: { package: 'zstd', version: ['--version'] },
  rclone: { package: 'rclone', version: ['version'] },
} as const;

/** The number that it says of itself; undefined where there is none. */
export async function versionOf(program: keyof typeof PROGRAMS): Promise<string | undefined> {
  const { exitCode, stdout } = await execa(program, [...PROGRAMS[program].version], { reject: false, stdin: 'ignore' });
  return exitCode === 0 ? (/\d+\.\d[\w.+-]*/.exec(stdout)?.[0] ?? stdout.trim()) : undefined;
}
