/**
 * Lets one run of `prepare`, `renew`, `rollback` or `release-keys` at a time work on a node. The lock of a killed process
 * does not count, because the process no longer exists.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  linkFile,
  makeFolder,
  moveFile,
  removeDurably,
  writeDurably,
} from '../../../lib/files/durable-file.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CommandError } from '../../errors.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';

interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: process ids are reused, with another start time. Absent without /proc. */
  readonly startedAt?: string;
  readonly boot?: string;
}

const ATTEMPTS = 3;

/**
 * Holds the locks of both folders that a run changes: two runs that share --kubeconfig-dir or --cert-dir exclude each
 * other, even if the other folder differs.
 * @throws CommandError if another run holds one of the locks
 */
export async function withRunLock<T>(folders: NodeFolders, run: () => Promise<T>): Promise<T> {
  const stateDir = stateDirOf(folders);
  await makeFolder(stateDir);
  return holding(join(stateDir, 'lock'), async () => {
    const ofCertificates = join(folders.certDir, '.cakeless-lock');
    return existsSync(folders.certDir) ? holding(ofCertificates, run) : run();
  });
}

/** A folder that this process cannot write needs no lock; the run reports it before it changes anything. */
const UNWRITABLE = ['EROFS', 'EACCES', 'EPERM'];

async function holding<T>(file: string, run: () => Promise<T>): Promise<T> {
  try {
    await acquire(file, `${file}.${process.pid}`);
  } catch (error) {
    if (UNWRITABLE.includes((error as NodeJS.ErrnoException).code ?? '')) return run();
    throw error;
  }
  try {
    await sweep(file);
    return await run();
  } finally {
    await removeDurably(file);
  }
}

/** Removes files of runs that were killed while they acquired the lock. */
async function sweep(file: string): Promise<void> {
  const start = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    const [, pid] = /^(\d+)\b/.exec(name.startsWith(start) ? name.slice(start.length) : '') ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await removeDurably(join(dirname(file), name));
  }
}

/** link(2) creates the name only if it does not exist, with its content already written. */
async function acquire(file: string, own: string): Promise<void> {
  await writeDurably(own, JSON.stringify(identify(process.pid)));
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (await linkFile(own, file)) return;
      const holder = readHolder(file);
      if (holder && isRunning(holder))
        throw new CommandError(
          'run-in-progress',
          `another run is in progress (process ${holder.pid})`,
          isIdentified(holder)
            ? 'wait until it has finished; the lock of a killed run does not count'
            : `wait until it has finished; if process ${holder.pid} is another program, remove ${file}`,
        );
      await removeStale(file, `${own}.stale`, holder);
    }
    throw new CommandError(
      'run-in-progress',
      `could not acquire ${file}: other runs keep acquiring it first`,
      'run the command again',
    );
  } finally {
    await removeDurably(own).catch(() => undefined);
  }
}

/** Removes the lock only if it still belongs to the dead holder: another run may have acquired it in the meantime. */
async function removeStale(file: string, aside: string, holder: Holder | undefined): Promise<void> {
  try {
    moveFile(file, aside);
  } catch {
    return; // another run acquired it first
  }
  if (JSON.stringify(readHolder(aside)) !== JSON.stringify(holder)) await linkFile(aside, file);
  await removeDurably(aside);
}

/** Without /proc, as in a bare container, only the id identifies a process. */
const PROC = '/proc/self/stat';

/** undefined if the process does not exist. */
function identify(pid: number): Holder | undefined {
  if (!existsSync(PROC)) return exists(pid) ? { pid } : undefined;
  try {
    const stat = readText(`/proc/${pid}/stat`);
    // the name in brackets may contain spaces: count from its closing bracket; the state is field 3
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return { pid, startedAt, boot: readText('/proc/sys/kernel/random/boot_id').trim() };
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const isIdentified = (holder: Holder) => holder.startedAt !== undefined && existsSync(PROC);

function isRunning(holder: Holder): boolean {
  const current = identify(holder.pid);
  if (!current || !isIdentified(holder)) return current !== undefined;
  return current.startedAt === holder.startedAt && current.boot === holder.boot;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readText(file)) as Holder;
  } catch {
    return undefined; // removed in the meantime
  }
}

const readText = (file: string) => readFile(file).bytes.toString('utf8');
