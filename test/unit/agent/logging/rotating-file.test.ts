import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type OnFailure, RotatingFile } from '../../../../agent/logging/rotating-file.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

const LINE = `${'x'.repeat(99)}\n`;

let folder: TemporaryFolder;
let path: string;
let failed: Parameters<OnFailure>[];
let elapsedMs: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'backup.log');
  failed = [];
  elapsedMs = 0;
});
afterEach(() => folder[Symbol.asyncDispose]());

const open = (maxBytes = 1000, kept = 100) =>
  new RotatingFile(
    { path, maxBytes, kept },
    (...failure) => failed.push(failure),
    () => elapsedMs,
  );
/** In order of time. */
const files = () => {
  const names = readdirSync(folder.path).filter((name) => name !== 'backup.log');
  return [...names.toSorted(), ...readdirSync(folder.path).filter((name) => name === 'backup.log')];
};
const contents = () => files().map((name) => readFileSync(join(folder.path, name), 'utf8'));
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${String(from + index).padStart(99, '0')}\n`);

it('appends, and is for its owner to write and its group to read', () => {
  const before = process.umask(0o077);
  writeFileSync(join(folder.path, 'backup.log.old'), 'of somebody else');
  for (const line of ['one\n', 'two\n']) {
    const file = open();
    file.write(line);
    file.close();
  }
  process.umask(before);
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

it('is put aside before it gets too large, and loses no line', () => {
  const lines = numbered(0, 45);
  const file = open();
  for (const line of lines) file.write(line);
  expect(contents().join('')).toBe(lines.join(''));
  expect(contents().map((text) => text.length)).toEqual([1000, 1000, 1000, 1000, 500]);
  for (const name of files().slice(0, -1)) expect(name).toMatch(/^backup\.log\.\d{8}T\d{6}Z-\d{3}-[0-9a-f]{6}$/);
  file.write('y'.repeat(3000));
  file.write(LINE);
  expect(contents().map((text) => text.length)).toEqual([1000, 1000, 1000, 1000, 500, 3000, 100]);
  file.close();
});

it('keeps the newest of those put aside, and nothing else goes', () => {
  const others = [
    'backup.log.1',
    'backup.log.20261122T023000Z-000-abcdef.gz',
    'xbackup.log.20261122T023000Z-000-abcdef',
  ];
  for (const name of others) writeFileSync(join(folder.path, name), '');
  writeFileSync(join(folder.path, 'backup.log.20200101T000000Z-000-abcdef'), 'the oldest');
  const file = open(1000, 2);
  const lines = numbered(0, 45);
  for (const line of lines) file.write(line);
  file.close();
  for (const name of others) rmSync(join(folder.path, name));
  expect(contents().join('')).toBe(lines.slice(20).join(''));
});

it('keeps mode and owner', () => {
  writeFileSync(path, '', { mode: 0o600 });
  const file = open();
  for (const line of numbered(0, 11)) file.write(line);
  file.close();
  expect(files().map((name) => statSync(join(folder.path, name)).mode & 0o777)).toEqual([0o600, 0o600]);
});

it('is shared: who has the old one open goes over to the new one', () => {
  const [one, other] = [open(), open()];
  const lines = numbered(0, 50);
  for (const [index, line] of lines.entries()) (index % 2 === 0 ? one : other).write(line);
  one.close();
  other.close();
  expect(contents().join('')).toBe(lines.join(''));
  expect(files()).toHaveLength(5);
});

it('is found again after somebody has moved or removed it', () => {
  const file = open();
  file.write('one\n');
  renameSync(path, `${path}.1`);
  file.write('two\n');
  expect(readFileSync(path, 'utf8')).toBe('two\n');
  rmSync(path);
  file.write('three\n');
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('three\n');
});

it('begins a new line after one that was cut off', () => {
  writeFileSync(path, '{"msg":"cut o');
  const file = open();
  file.write('{}\n');
  file.write('{}\n');
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('{"msg":"cut o\n{}\n{}\n');
});

it('says once that lines are lost, and goes on as soon as it can', () => {
  mkdirSync(path);
  const file = open();
  expect(failed).toMatchObject([['written', { message: `${path} is no file.` }]]);
  file.write('lost\n');
  file.write('lost, too\n');
  expect(failed).toHaveLength(1);
  rmSync(path, { recursive: true });
  file.write('there\n');
  expect(readFileSync(path, 'utf8')).toBe('there\n');
  rmSync(path);
  mkdirSync(path);
  file.write('lost\n');
  file.close();
  expect(failed).toHaveLength(2);
});

it('touches nothing that is no file', () => {
  spawnSync('mkfifo', [path]);
  const file = open();
  file.write(LINE);
  file.close();
  expect(statSync(path).isFIFO()).toBe(true);
  expect(failed).toMatchObject([['written', { message: `${path} is no file.` }]]);
});

it('is put aside again and again though an old one cannot be removed, which is said', () => {
  mkdirSync(join(folder.path, 'backup.log.20200101T000000Z-000-abcdef'));
  writeFileSync(join(folder.path, 'backup.log.20200101T000001Z-000-abcdef'), 'old');
  const file = open(1000, 1);
  for (const line of numbered(0, 35)) file.write(line);
  file.close();
  const [stays, aside = '', current, ...others] = files();
  expect([stays, current, others]).toEqual(['backup.log.20200101T000000Z-000-abcdef', 'backup.log', []]);
  expect(readFileSync(join(folder.path, aside), 'utf8')).toBe(numbered(20, 30).join(''));
  expect(failed.map(([what]) => what)).toEqual(['rid of old ones', 'rid of old ones', 'rid of old ones']);
});
