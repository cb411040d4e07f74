/**
 * Keeps two runs on one node apart, whatever they do: prepare, renew, rollback. A holder that was killed holds nothing:
 * its process is not there any more.
 */
import { existsSync, readFileSync } from 'node:fs';
import { link, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder, removeDurably, writeDurably } from '../../../lib/files/durable-file.ts';
import { CommandError } from '../../errors.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';

interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: ids of processes come again, with another start. Absent where /proc is not mounted. */
  readonly startedAt?: string;
  readonly boot?: string;
}

const TRIES = 3;

/**
 * Runs something while holding the locks of both folders that a run changes: two runs that share one of them shut each
 * other out, even where the other one differs (--kubeconfig-dir, --cert-dir).
 * @throws CommandError if another run holds one of them
 */
export async function withRunLock<T>(folders: NodeFolders, run: () => Promise<T>): Promise<T> {
  const stateDir = stateDirOf(folders);
  await makeFolder(stateDir);
  return holding(join(stateDir, 'lock'), async () => {
    const ofCertificates = join(folders.certDir, '.cakeless-lock');
    return existsSync(folders.certDir) ? holding(ofCertificates, run) : run();
  });
}

/** Where this process may not write it changes nothing, and what it would have changed is named later on. */
const UNWRITABLE = ['EROFS', 'EACCES', 'EPERM'];

async function holding<T>(file: string, run: () => Promise<T>): Promise<T> {
  try {
    await take(file, `${file}.${process.pid}`);
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

/** Removes what runs left behind that were killed while they took the lock: their process is gone. */
async function sweep(file: string): Promise<void> {
  const start = `${basename(file)}.`;
  for (const name of await readdir(dirname(file))) {
    const [, pid] = /^(\d+)\b/.exec(name.startsWith(start) ? name.slice(start.length) : '') ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await unlink(join(dirname(file), name));
  }
}

/** link(2) makes the name only if there is none, with the content already in it. */
async function take(file: string, own: string): Promise<void> {
  await writeDurably(own, JSON.stringify(identify(process.pid)));
  try {
    for (let tries = 1; tries <= TRIES; tries++) {
      if (await linked(own, file)) return;
      const holder = readHolder(file);
      if (holder && isRunning(holder))
        throw new CommandError(
          'run-in-progress',
          `another run is in progress (process ${holder.pid})`,
          tellsStart(holder)
            ? 'wait until it is done; a run that was killed holds up nobody'
            : `wait until it is done; if process ${holder.pid} is something else, remove ${file}`,
        );
      await takeAway(file, `${own}.stale`, holder);
    }
    throw new CommandError(
      'run-in-progress',
      `could not acquire ${file}: other runs keep taking it`,
      'try again',
    );
  } finally {
    await unlink(own).catch(() => undefined);
  }
}

/** Only if it is still the lock of the holder that was looked at: another run may have taken it over in between. */
async function takeAway(file: string, aside: string, holder: Holder | undefined): Promise<void> {
  try {
    await rename(file, aside);
  } catch {
    return; // another run was faster
  }
  if (JSON.stringify(readHolder(aside)) !== JSON.stringify(holder)) await linked(aside, file);
  await unlink(aside);
}

async function linked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Without /proc, as in a bare container, the id alone tells of a process. */
const PROC = '/proc/self/stat';

/** undefined if there is no such process. */
function identify(pid: number): Holder | undefined {
  if (!existsSync(PROC)) return exists(pid) ? { pid } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name in brackets may hold spaces: count from behind it; state is field 3
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return { pid, startedAt, boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
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

const tellsStart = (holder: Holder) => holder.startedAt !== undefined && existsSync(PROC);

function isRunning(holder: Holder): boolean {
  const there = identify(holder.pid);
  if (!there || !tellsStart(holder)) return there !== undefined;
  return there.startedAt === holder.startedAt && there.boot === holder.boot;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined; // gone in the meantime
  }
}
