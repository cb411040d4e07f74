/** Which part of a path other users could change. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOpenPart } from '../../../lib/files/open-to-others.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-open-'));
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/b/file'), '', { mode: 0o644 });
});
afterEach(() => rmSync(root, { recursive: true }));

const trusted = [0, process.getuid?.() ?? 0];
const open = (path: string, foldersOnly = false) =>
  findOpenPart(join(root, path), { trusted, foldersOnly })?.path;

it('is undefined if only trusted users can change the path', () => {
  expect(open('a/b/file')).toBeUndefined();
  expect(open('a/missing/file')).toBeUndefined();
});

it('is the first folder that others can write', () => {
  chmodSync(join(root, 'a'), 0o770);
  chmodSync(join(root, 'a/b'), 0o777);
  expect(open('a/b/file')).toBe(join(root, 'a'));
});

it('is the file itself, unless only folders are checked', () => {
  chmodSync(join(root, 'a/b/file'), 0o666);
  expect(open('a/b/file')).toBe(join(root, 'a/b/file'));
  expect(open('a/b/file', true)).toBeUndefined();
});

it.each([
  ['absolute', () => join(root, 'open')],
  ['relative', () => '../open'],
])('is a folder behind an %s link', (_, target) => {
  mkdirSync(join(root, 'open'));
  chmodSync(join(root, 'open'), 0o777);
  symlinkSync(target(), join(root, 'a/link'));
  expect(open('a/link/file')).toBe(join(root, 'open'));
});

it('a loop of links is an error', () => {
  symlinkSync('loop', join(root, 'a/loop'));
  expect(() => open('a/loop/file')).toThrow(/too many symbolic links/);
});
