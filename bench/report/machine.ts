import { readFile } from 'node:fs/promises';
import { cpus, loadavg, type as osType, release, totalmem } from 'node:os';
import { execa } from 'execa';
import { resolveEngine } from '../../agent/falkordb/engine.ts';
import { PROGRAMS, versionOf } from '../contenders/programs.ts';

/** Something else needs so much of each core: what is measured then says little. */
const BUSY_LOAD_PER_CORE = 0.3;

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  distribution: string;
  /** Where the bench writes: device, file system, whether the device turns. */
  disk: string;
  /** Of the last minute, when the bench was started. */
  loadAtStart: number;
  /** Undefined on a quiet machine. */
  warning: string | undefined;
  versions: Record<string, string>;
}

export async function describeMachine(folder: string): Promise<Machine> {
  const processors = cpus();
  const [loadAtStart = 0] = loadavg();
  const isBusy = loadAtStart > BUSY_LOAD_PER_CORE * processors.length;
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${osType()} ${release()}`,
    distribution: /^PRETTY_NAME="(.*)"$/m.exec(await textOf('/etc/os-release'))?.[1] ?? 'unknown',
    disk: await describeDisk(folder),
    loadAtStart,
    warning: isBusy
      ? `The machine was busy when this began (load ${loadAtStart.toFixed(1)}): do not publish it.`
      : undefined,
    versions: await versions(),
  };
}

async function versions(): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const commit = await output(['git', 'describe', '--always', '--dirty']);
  const programs = Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[];
  const others = await Promise.all(programs.map(async (program) => [program, (await versionOf(program)) ?? 'none']));
  return {
    'falkordb-backup': commit === '' ? version : `${version} (${commit})`,
    engine: (await resolveEngine()).description,
    node: process.version,
    ceph: /\d+\.\d[\w.+-]*/.exec(await output(['radosgw', '--version']))?.[0] ?? 'none',
    ...Object.fromEntries(others),
  };
}

async function describeDisk(folder: string): Promise<string> {
  const [, line = ''] = (await output(['df', '--output=source,fstype', folder])).split('\n');
  const [source = 'unknown', type = ''] = line.trim().split(/\s+/);
  const turns = await textOf(`/sys/block/${source.replace('/dev/', '').replace(/p?\d+$/, '')}/queue/rotational`);
  const kind = turns.trim() === '' ? '' : turns.trim() === '1' ? ', says it is rotational' : ', not rotational';
  return `${source} ${type}${kind}`;
}

async function output([file = '', ...args]: string[]): Promise<string> {
  const { exitCode, stdout } = await execa(file, args, { reject: false, stdin: 'ignore' });
  return exitCode === 0 ? stdout.trim() : '';
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
