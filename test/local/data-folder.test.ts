/** Which folders the stand-in uses, and that only one process uses each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NotOurFolder, openDataFolder } from '../../local/data-folder.ts';
import { FolderInUse, lockFolder } from '../../local/folder-lock.ts';
import { giveAway, itAsRoot, OTHER_USER } from '../support/other-user.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-data-folder-'));
const children: ChildProcess[] = [];
let made = 0;

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

const newPath = () => {
  made += 1;
  return join(root, `${made}`);
};

describe('a folder is refused, and nothing is written to it,', () => {
  const cases: Readonly<Record<string, [make: (path: string) => void, why: RegExp]>> = {
    'if it holds something else': [
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'notes.txt'), '');
      },
      /contains files that are not from cakeless local/,
    ],
    'if its marker says something else': [
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'README.txt'), 'This folder belongs to another program.\n');
      },
      /contains files/,
    ],
    'if its marker is a link': [
      (path) => {
        mkdirSync(path);
        symlinkSync('/etc/hostname', join(path, 'README.txt'));
      },
      /contains files/,
    ],
    'if it is a link': [
      (path) => {
        mkdirSync(`${path}-target`);
        symlinkSync(`${path}-target`, path);
      },
      /is a symbolic link/,
    ],
    'if its group can write': [
      (path) => {
        mkdirSync(path);
        chmodSync(path, 0o770);
      },
      /other users can write to it \(mode 0770\)/,
    ],
    'if everyone can write, as to /tmp': [
      (path) => {
        mkdirSync(path);
        chmodSync(path, 0o1777);
      },
      /other users can write to it \(mode 1777\)/,
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, [make, why]) => {
    const path = newPath();
    make(path);
    const before = readdirSync(path);
    for (const form of [path, `${path}/`]) {
      await expect(openDataFolder(form)).rejects.toThrow(NotOurFolder);
      await expect(openDataFolder(form)).rejects.toThrow(why);
    }
    expect(readdirSync(path)).toEqual(before);
  });

  itAsRoot('if it belongs to another user', async () => {
    const path = newPath();
    mkdirSync(path);
    giveAway(path);
    await expect(openDataFolder(path)).rejects.toThrow(
      `${path}: belongs to user ${OTHER_USER}, and this process is user 0`,
    );
    expect(readdirSync(path)).toEqual([]);
  });
});

it('a folder is used if it is new, empty, from an earlier start, or from one that was killed', async () => {
  const path = newPath();
  for (const prepare of [
    () => undefined,
    () => undefined,
    () => writeFileSync(join(path, 'principals.json'), ''),
    () => rmSync(join(path, 'principals.json')),
    () => rmSync(join(path, 'README.txt')),
    () => {
      rmSync(join(path, 'README.txt'));
      writeFileSync(join(path, 'README.txt.123-1.tmp'), 'This fol');
      writeFileSync(join(path, 'in-use.new.00000000-0000-0000-0000-000000000000'), '');
    },
  ]) {
    prepare();
    await (await openDataFolder(path))();
  }
  expect(readdirSync(path).filter((name) => name.startsWith('in-use.'))).toHaveLength(1);
});

describe('a lock', () => {
  const open = async () => {
    const path = newPath();
    mkdirSync(path);
    return path;
  };

  it('has exactly one holder if sixteen processes start at the same moment', async () => {
    const path = await open();
    for (let round = 1; round <= 5; round += 1) {
      const starts = await Promise.allSettled(Array.from({ length: 16 }, () => lockFolder(path)));
      const held = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
      expect(held).toHaveLength(1);
      for (const start of starts)
        if (start.status === 'rejected') expect(start.reason).toBeInstanceOf(FolderInUse);
      await held[0]?.();
    }
  });

  it('names the process that holds it', async () => {
    const path = await open();
    const unlock = await lockFolder(path);
    await expect(lockFolder(path)).rejects.toThrow(`${path}: in use by process ${process.pid}`);
    await unlock();
    await (await lockFolder(path))();
  });

  it('of a killed process is free, and that of a running one is not', async () => {
    const path = await open();
    const holder = await holdInProcess(path);
    await expect(lockFolder(path)).rejects.toThrow(`in use by process ${holder.pid}`);
    const ended = once(holder, 'close');
    holder.kill('SIGKILL');
    await ended;
    await (await lockFolder(path))();
  });

  it('of a stopped process is not free', async () => {
    const path = await open();
    const holder = await holdInProcess(path);
    holder.kill('SIGSTOP');
    await expect(lockFolder(path)).rejects.toThrow(`${path}: in use by another process`);
    holder.kill('SIGKILL');
  });

  it('works in a folder with a long path', async () => {
    const path = join(root, 'l'.repeat(120), 'm'.repeat(120));
    mkdirSync(path, { recursive: true });
    const unlock = await lockFolder(path);
    await expect(lockFolder(path)).rejects.toThrow(FolderInUse);
    expect(readdirSync(path)).toEqual(['in-use.1']);
    await unlock();
  });
});

/** A process that holds the lock until it is killed. */
async function holdInProcess(path: string): Promise<ChildProcess> {
  const code = `import { lockFolder } from ${JSON.stringify(resolve('local/folder-lock.ts'))};
    await lockFolder(${JSON.stringify(path)});
    process.stdout.write('held');
    setInterval(() => undefined, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}
