/** A folder in which nothing outside it can be reached, even if another user owns it. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Folder } from '../../../lib/files/folder.ts';
import { giveAway, isRoot, itAsRoot, OTHER_USER } from '../../support/other-user.ts';

const original = promises.open;

let root: string;
/** A folder of another user (if this process can give it away), and one of root with a secret. */
let theirs: string;
let victim: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-folder-'));
  theirs = join(root, 'theirs');
  victim = join(root, 'victim');
  mkdirSync(theirs);
  mkdirSync(victim);
  writeFileSync(join(victim, 'a'), 'of root');
  if (isRoot) giveAway(theirs);
});
afterEach(() => rmSync(root, { recursive: true }));

const expectUntouched = () => {
  expect([readdirSync(victim), readFileSync(join(victim, 'a'), 'utf8')]).toEqual([
    ['a'],
    'of root',
  ]);
  expect(statSync(victim).uid).toBe(process.geteuid?.());
};

itAsRoot("another user's folder is refused, unless any owner is allowed", () => {
  expect(() => Folder.open(theirs, 'trusted')).toThrow(
    `${theirs}: users other than root can change ${theirs}`,
  );
  const folder = Folder.open(theirs, 'any');
  expect(folder.isOfOthers).toBe(true);
  folder.close();
});

itAsRoot('a folder that a group can write is refused like that of another user', () => {
  chmodSync(victim, 0o775);
  expect(() => Folder.open(victim, 'trusted')).toThrow('users other than root can change');
});

it('writes, links and removals stay in the folder', async () => {
  const folder = Folder.open(theirs, 'any');
  await folder.write('a', 'one', 0o600, {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
  });
  await folder.write('a', ['two', Buffer.from('!')], 0o644);
  await folder.link('b', 'a');
  await folder.link('b', 'c');
  expect([readFileSync(join(theirs, 'a'), 'utf8'), folder.linkTarget('b')]).toEqual(['two!', 'c']);
  await folder.remove('b');
  await folder.remove('missing');
  expect([readdirSync(theirs), folder.linkTarget('a')]).toEqual([['a'], undefined]);
  folder.close();
});

it.each(['', '.', '..', 'a/b', '../a'])('%j is not a name in a folder', async (name) => {
  const folder = Folder.open(theirs, 'any');
  await expect(folder.write(name, '', 0o600)).rejects.toThrow('not a name in');
  expect(() => folder.stat(name)).toThrow('not a name in');
  folder.close();
});

it('a link where the file should be is replaced, not followed', async () => {
  symlinkSync(join(victim, 'a'), join(theirs, 'a'));
  const folder = Folder.open(theirs, 'any');
  await folder.write('a', 'new', 0o600);
  expect(lstatSync(join(theirs, 'a')).isFile()).toBe(true);
  folder.close();
  expectUntouched();
});

it('a folder that is replaced with a link after it was opened does not redirect a write', async () => {
  const folder = Folder.open(theirs, 'any');
  const inner = await folder.ownFolder('work');
  renameSync(join(theirs, 'work'), join(theirs, 'moved'));
  symlinkSync(victim, join(theirs, 'work'));
  if (isRoot) {
    await inner.write('b', 'new', 0o600);
    expect(readdirSync(join(theirs, 'moved'))).toEqual(['b']);
    renameSync(theirs, join(root, 'moved'));
    symlinkSync(victim, theirs);
    await folder.write('c', 'new', 0o600);
    expect(readdirSync(join(root, 'moved')).sort()).toEqual(['c', 'moved', 'work']);
  }
  inner.close();
  folder.close();
  expectUntouched();
});

describe('a folder for work', () => {
  const work = async () => {
    const folder = Folder.open(theirs, 'any');
    try {
      (await folder.ownFolder('work')).close();
    } finally {
      folder.close();
    }
  };

  it('belongs to this process, and only it can change it', async () => {
    await work();
    const { uid, mode } = statSync(join(theirs, 'work'));
    expect([uid, mode & 0o777]).toEqual([process.geteuid?.(), 0o711]);
    await work();
  });

  it("is used by its path in a folder of this process's user, as where /proc is not mounted", async () => {
    const folder = Folder.open(victim, 'any');
    const inner = await folder.ownFolder('work');
    expect([folder.isOfOthers, inner.isOfOthers]).toEqual([false, false]);
    await inner.write('x', '', 0o600);
    await folder.removeOwnFolder('work');
  });

  it.each([
    ['link to a folder', () => symlinkSync(victim, join(theirs, 'work'))],
    ['dangling link', () => symlinkSync('/nowhere', join(theirs, 'work'))],
    ['file', () => writeFileSync(join(theirs, 'work'), '')],
    [
      'folder that others can write',
      () => {
        mkdirSync(join(theirs, 'work'));
        chmodSync(join(theirs, 'work'), 0o777);
      },
    ],
  ])('a %s in its place is refused, and not handed over', async (_, plant) => {
    plant();
    await expect(work()).rejects.toThrow(`${theirs}/work: `);
    expectUntouched();
  });

  itAsRoot("another user's folder in its place is refused", async () => {
    mkdirSync(join(theirs, 'work'));
    giveAway(join(theirs, 'work'));
    await expect(work()).rejects.toThrow('Cakeless did not create it');
    expect(statSync(join(theirs, 'work')).uid).toBe(OTHER_USER);
  });

  it('is removed with its files, and links in it are not followed', async () => {
    await work();
    writeFileSync(join(theirs, 'work/x'), '');
    symlinkSync(join(victim, 'a'), join(theirs, 'work/y'));
    const folder = Folder.open(theirs, 'any');
    await folder.removeOwnFolder('work');
    folder.close();
    expect(readdirSync(theirs)).toEqual([]);
    expectUntouched();
  });
});

itAsRoot("below another user's folder, no link that leads to a folder is followed", () => {
  mkdirSync(join(theirs, 'a/b'), { recursive: true });
  Folder.open(join(theirs, 'a/b'), 'any').close();
  rmSync(join(theirs, 'a'), { recursive: true });
  symlinkSync(victim, join(theirs, 'a'));
  expect(() => Folder.open(join(theirs, 'a'), 'any')).toThrow(
    'a link or a file of another user is on the path',
  );
});

it('an error names the path, not the handle', async () => {
  mkdirSync(join(theirs, 'a'));
  const folder = Folder.open(theirs, 'any');
  await expect(folder.write('a', '', 0o600)).rejects.toThrow(new RegExp(`EISDIR.*${theirs}/a`));
  folder.close();
});

it('partial files and links of a killed writer are removed, other files are kept', async () => {
  const names = ['a', 'a.1-2.tmp', 'a.cakeless-link', 'ab.1-2.tmp', 'a.b.tmp'];
  for (const name of names) writeFileSync(join(theirs, name), '');
  const folder = Folder.open(theirs, 'any');
  await folder.sweep('a');
  folder.close();
  expect(readdirSync(theirs).sort()).toEqual(['a', 'a.b.tmp', 'ab.1-2.tmp']);
  expect(() => readlinkSync(join(theirs, 'a'))).toThrow('EINVAL');
});

describe('changes together', () => {
  it('sync the folder once, however many they are, and each file', async () => {
    const folder = Folder.open(root, 'trusted');
    const synced: string[] = [];
    const open = jest.spyOn(promises, 'open').mockImplementation(async (path, ...rest) => {
      const file = await original(path, ...rest);
      const sync = file.sync.bind(file);
      file.sync = () => {
        synced.push(String(path));
        return sync();
      };
      return file;
    });
    try {
      const names = Array.from({ length: 10 }, (_, i) => `file-${i}`);
      await folder.together(names.map((name) => () => folder.write(name, name, 0o600)));
      expect(synced.filter((path) => path === root)).toEqual([root]);
      expect(synced.at(-1)).toBe(root);
      expect(synced).toHaveLength(names.length + 1);
      for (const name of names) expect(readFileSync(join(root, name), 'utf8')).toBe(name);
      await folder.write('alone', 'alone', 0o600);
      expect(synced.slice(-2)).toEqual([expect.stringContaining('alone'), root]);
    } finally {
      open.mockRestore();
    }
  });

  it('are all finished when one of them has failed, and its error is thrown', async () => {
    const folder = Folder.open(root, 'trusted');
    const changes = [
      () => Promise.reject(new Error('full')),
      () => folder.write('late', 'late', 0o600),
    ];
    await expect(folder.together(changes)).rejects.toThrow('full');
    expect(readFileSync(join(root, 'late'), 'utf8')).toBe('late');
  });
});
