import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sample } from '../../../../agent/metrics/definitions.ts';
import { parseSamples } from '../../../../agent/metrics/registry.ts';
import { writeTextfile } from '../../../../agent/metrics/textfile.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

const NOTHING = { samples: [], isWhole: false };

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'falkordb-backup.prom');
});
afterEach(() => folder[Symbol.asyncDispose]());

const end = (verb: string) => ({ target: 'shop', verb, exitCode: 1, at: new Date(), version: '1' });

async function verbs(): Promise<string[]> {
  const samples = parseSamples(await readFile(path, 'utf8'));
  const own = samples.filter(({ name }) => name === 'falkordb_backup_command_exit_code');
  return own.map(({ labels }) => labels.verb ?? '').sort();
}

it('loses nothing where many write at the same time', async () => {
  const names = Array.from({ length: 30 }, (_, number) => `verb-${number}`);
  await Promise.all(names.map((verb) => writeTextfile(path, end(verb), NOTHING)));
  expect(await verbs()).toEqual(names.sort());
  expect(await readdir(folder.path)).toEqual(['falkordb-backup.prom']);
});

it('loses nothing where two processes write at the same time', async () => {
  const script = `
    import { writeTextfile } from './agent/metrics/textfile.ts';
    const [path, name] = process.argv.slice(1);
    process.stdout.write('ready');
    for await (const _ of process.stdin);
    for (let number = 0; number < 15; number++) {
      const end = { target: 'shop', verb: name + number, exitCode: 1, at: new Date(), version: '1' };
      await writeTextfile(path, end, { samples: [], isWhole: false });
    }`;
  const both = ['a', 'b'].map((name) => execa(process.execPath, ['--input-type=module', '--eval', script, path, name]));
  await Promise.all(both.map(({ stdout }) => once(stdout, 'data')));
  for (const { stdin } of both) stdin.end();
  await Promise.all(both);
  expect(await verbs()).toHaveLength(30);
});

it('waits for whoever writes, and not for one that was killed', async () => {
  const lock = `${path}.lock`;
  await writeFile(lock, '');
  let isWritten = false;
  const writing = writeTextfile(path, end('backup'), NOTHING).then(() => {
    isWritten = true;
  });
  await setTimeout(100);
  expect(isWritten).toBe(false);
  const longAgo = new Date(Date.now() - 6_000);
  await utimes(lock, longAgo, longAgo);
  await writing;
  expect(await readdir(folder.path)).toEqual(['falkordb-backup.prom']);
});

it('remembers when the target was first seen, and nothing of another target', async () => {
  const see = async (target: string, value: number) => {
    const samples = [sample('falkordb_backup_first_seen_timestamp_seconds', { target }, value)];
    await writeTextfile(path, { ...end('status'), target }, { samples, isWhole: true });
    const found = parseSamples(await readFile(path, 'utf8')).filter(({ name }) => name.includes('first_seen'));
    return found.map((each) => each.value);
  };
  expect(await see('shop', 2000)).toEqual([2000]);
  expect(await see('shop', 3000)).toEqual([2000]);
  expect(await see('shop', 1000)).toEqual([1000]);
  expect(await see('other', 4000)).toEqual([4000]);
});
