/** The running processes of a component, from /proc: a control-plane node need not have crictl. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component } from '../disk/components.ts';
import { KUBEADM_FOLDERS, type NodeFolders } from '../disk/places.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** @throws CommandError where static pods would have to be restarted and nobody could tell when one has stopped */
export function checkProcessesAreSeen(folders: NodeFolders): void {
  if (existsSync('/proc/self/stat')) return;
  const here = COMPONENTS.filter((component) => readManifest(component, folders) !== undefined);
  if (here.length === 0) return;
  throw new CommandError(
    'usage',
    `/proc is not mounted: nobody could tell when ${here.join(', ')} has stopped; nothing was changed`,
    'mount /proc, or say --no-restart and restart what is listed yourself',
  );
}

const PROC = '/proc';

/**
 * Those whose arguments name the node's folders, or are those of the manifest: another cluster's on the same machine has
 * its files elsewhere.
 * @param manifest of the static pod; undefined where it is none
 * @returns ids that no later process has: process id and start time
 */
export function processesOf(
  component: Component,
  { kubeconfigDir, certDir }: NodeFolders,
  manifest: Manifest | undefined,
  proc = PROC,
): string[] {
  const flags = manifest?.words.slice(1) ?? [];
  return programs(component, proc)
    .filter(
      ({ args }) =>
        args.some((arg) => arg.includes(kubeconfigDir) || arg.includes(certDir)) ||
        (flags.length > 0 && flags.every((flag) => args.includes(flag))),
    )
    .map(({ id }) => id);
}

/**
 * Whether a component may run here that is no static pod: as a service of systemd, or from another manifests folder. On
 * kubeadm's own folders each process of that name is the node's, whatever its arguments are.
 */
export function mayRunOtherwise(component: Component, folders: NodeFolders, proc = PROC): boolean {
  if (!areOthersSeen(proc)) return true;
  const isNodesOwn = folders.kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir;
  const ours = isNodesOwn
    ? programs(component, proc)
    : processesOf(component, folders, undefined, proc);
  return ours.length > 0;
}

/** Processes of others are hidden where /proc is mounted with hidepid (proc(5)), or not mounted at all. */
export const areOthersSeen = (proc = PROC): boolean =>
  (readProc(proc, '1', 'cmdline') ?? '') !== '';

interface Program {
  readonly id: string;
  readonly args: readonly string[];
}

function programs(name: string, proc: string): Program[] {
  return processIds(proc).flatMap((pid) => {
    const [program = '', ...args] = (readProc(proc, pid, 'cmdline') ?? '').split('\0');
    if (program.split('/').at(-1) !== name) return [];
    const stat = readProc(proc, pid, 'stat');
    const [state, startedAt] = fieldsOf(stat ?? '');
    return stat === undefined || state === 'Z' ? [] : [{ id: `${pid}:${startedAt}`, args }];
  });
}

function processIds(proc: string): string[] {
  try {
    return readdirSync(proc).filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // not mounted
  }
}

/** State and start time: fields 3 and 22 of proc_pid_stat(5), counted from behind the name in brackets. */
function fieldsOf(stat: string): [string, string] {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[0] ?? '', fields[19] ?? ''];
}

function readProc(proc: string, pid: string, file: string): string | undefined {
  try {
    return readFileSync(join(proc, pid, file), 'utf8');
  } catch {
    return undefined; // ended in the meantime, or hidden
  }
}
