/**
 * The cgroups of the machines: the only thing that outlives the processes and namespaces of a run. In every
 * hierarchy they are below a group with the run's name, which is below the group of the run itself. Supports only
 * cgroup v1; cgroup v2 has not been tested.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** The prefix of a run's folder (namespaces.ts). */
const RUNS = 'cakeless-e2e-';

/** @param run name of the run's folder @returns a folder for each hierarchy */
export function makeGroups(run: string, machine: string): string[] {
  return ownGroups().map((own) => {
    const folder = join(own, run, machine);
    for (const made of [join(own, run), folder]) {
      mkdirSync(made, { recursive: true });
      inheritCpus(made);
    }
    return folder;
  });
}

/** This process's group in each hierarchy. @throws Error for version 2 */
function ownGroups(): string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers')))
    throw new Error(`machines need cgroup v1, but ${ROOT} is cgroup v2`);
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, controllers]) => controllers !== '')
    .map(([, controllers = '', path = '']) => {
      const hierarchy = join(ROOT, controllers.replace('name=', ''));
      const own = join(hierarchy, path);
      return existsSync(own) ? own : hierarchy; // in a container, the path is that of the host
    });
}

/** A new cpuset has no processor and no memory node, and accepts no process until both are set. */
function inheritCpus(folder: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, 'utf8').trim() === '')
      writeFileSync(file, readFileSync(join(folder, '..', name)));
  }
}

/**
 * Removes the groups of finished runs: of this run at its end, and of a killed one at the start of the next. A group
 * with running processes stays.
 */
export function removeOldGroups(): void {
  for (const group of foldersBelow(ROOT).filter((path) => basename(path).startsWith(RUNS))) {
    const folders = [group, ...foldersBelow(group)];
    const busy = folders.some((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '');
    if (!busy) for (const path of folders.reverse()) rmdirSync(path);
  }
}

/** A folder comes before the folders in it. Groups of other programs may come and go in the meantime. */
function foldersBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .flatMap((path) => [path, ...foldersBelow(path)]);
}
