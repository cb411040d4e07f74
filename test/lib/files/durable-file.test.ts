/** Root writes, moves and removes nothing in a folder that others can redirect. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  finishedFiles,
  linkFile,
  makeFolder,
  moveFile,
  removeDurably,
  removeFolder,
  sweepTemporaries,
  writeDurably,
} from '../../../lib/files/durable-file.ts';
import { giveAway, itAsRoot } from '../../support/other-user.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-durable-'));
  mkdirSync(join(root, 'theirs/in/it'), { recursive: true });
  writeFileSync(join(root, 'theirs/in/it/file'), 'old');
  writeFileSync(join(root, 'mine'), 'mine');
});
afterEach(() => rmSync(root, { recursive: true }));

const file = () => join(root, 'theirs/in/it/file');

describe("below another user's folder", () => {
  const everyWay: [string, () => unknown][] = [
    ['writes', () => writeDurably(file(), 'new')],
    ['removes', () => removeDurably(file())],
    ['sweeps', () => sweepTemporaries(file(), 'trusted')],
    ['moves a file into it', () => moveFile(join(root, 'mine'), file())],
    ['moves a file out of it', () => moveFile(file(), join(root, 'mine'))],
    ['links a file into it', () => linkFile(join(root, 'mine'), `${file()}2`)],
    ['links a file out of it', () => linkFile(file(), join(root, 'mine2'))],
    ['removes a folder', () => removeFolder(join(root, 'theirs/in/it'))],
    ['makes a folder', () => makeFolder(join(root, 'theirs/in/it/new'))],
    ['uses an existing folder', () => makeFolder(join(root, 'theirs/in/it'))],
    ['tidies a folder', () => finishedFiles(join(root, 'theirs/in/it'))],
  ];
  for (const [way, act] of everyWay)
    itAsRoot(`root never ${way}`, async () => {
      giveAway(join(root, 'theirs'));
      await expect(async () => act()).rejects.toThrow(
        `users other than root can change ${join(root, 'theirs')}`,
      );
      expect(readFileSync(file(), 'utf8')).toBe('old');
      expect([readdirSync(root).sort(), readdirSync(join(root, 'theirs/in/it'))]).toEqual([
        ['mine', 'theirs'],
        ['file'],
      ]);
    });

  itAsRoot('root writes a file only where any owner is allowed', async () => {
    giveAway(join(root, 'theirs'));
    await writeDurably(file(), 'new', 0o600, undefined, 'any');
    expect(readFileSync(file(), 'utf8')).toBe('new');
  });
});

describe('a new folder', () => {
  it('can be entered by its owner only, like the missing folders above it', async () => {
    await makeFolder(join(root, 'a/b/c'));
    await makeFolder(join(root, 'a/b/c'));
    const modes = ['a', 'a/b', 'a/b/c'].map((name) => statSync(join(root, name)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o700]);
  });

  it('may be behind a link to a folder', async () => {
    symlinkSync('theirs', join(root, 'link'));
    await makeFolder(join(root, 'link/new'));
    expect(existsSync(join(root, 'theirs/new'))).toBe(true);
  });

  it.each([
    ['below a file', 'mine/new', /ENOTDIR/],
    ['where a file is', 'mine', /ENOTDIR/],
    ['behind a dangling link', 'dangling/new', /ENOENT/],
    ['where a dangling link is', 'dangling', /ENOENT/],
  ])('cannot be made %s', async (_, path, message) => {
    symlinkSync('/nowhere/at/all', join(root, 'dangling'));
    await expect(makeFolder(join(root, path))).rejects.toThrow(message);
  });

  // mkdir -p of Node.js 20 tries forever
  it('cannot be made below /proc, and the attempt ends', async () => {
    await expect(makeFolder('/proc/cakeless/new')).rejects.toThrow(/ENOENT|EACCES|EPERM/);
  });
});

it('a second name is given once', async () => {
  expect(await linkFile(join(root, 'mine'), join(root, 'b'))).toBe(true);
  expect(await linkFile(join(root, 'mine'), join(root, 'b'))).toBe(false);
});
