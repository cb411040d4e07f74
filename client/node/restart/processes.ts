/** The running processes of a component, from /proc: a control-plane node may not have crictl. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFile } from '../../../lib/files/read-file.ts';
import { requireTrustedFolder } from '../../../lib/files/trust.ts';
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component } from '../disk/components.ts';
import { KUBEADM_FOLDERS } from '../disk/kubeadm-folders.ts';
import type { NodeFolders } from '../disk/places.ts';
import { type Manifest, manifestsFolder, readManifest } from './manifest.ts';

/** What a person can do instead, with a command that has the option. */
export const NO_RESTART = ', or use --no-restart and restart the components yourself';

/**
 * @param otherwise what can be done instead, as the end of the hint
 * @throws CommandError if static pods may have to be restarted, but it would be impossible to tell when one has stopped;
 * UnsafePathError if others could redirect what is moved out of the manifests folder
 */
export function requireProc(folders: NodeFolders, otherwise = NO_RESTART): void {
  requireTrustedFolder(manifestsFolder(folders));
  if (existsSync('/proc/self/stat')) return;
  const pods = COMPONENTS.filter((component) => readManifest(component, folders) !== undefined);
  if (pods.length === 0) return;
  throw new CommandError(
    'usage',
    `/proc is not mounted, so a restart of ${pods.join(', ')} could not be verified; nothing was changed`,
    `mount /proc${otherwise}`,
  );
}

const PROC = '/proc';

/**
 * The processes whose arguments name the node's folders, or equal those of the manifest: a component of another cluster
 * on the same machine has its files in other folders. Any user can start a process with such a name and such arguments,
 * and a run would wait in vain for its end: those count only if there is no better one.
 * @param manifest undefined if the component is not a static pod
 * @returns ids that are never reused: process id and start time
 */
export function findProcesses(
  component: Component,
  { kubeconfigDir, certDir }: NodeFolders,
  manifest: Manifest | undefined,
  proc = PROC,
): string[] {
  return findPrograms(component, { kubeconfigDir, certDir }, manifest, proc).map(({ id }) => id);
}

/** The arguments of each of these processes. */
export function argumentsOf(
  component: Component,
  folders: NodeFolders,
  manifest: Manifest | undefined,
  proc = PROC,
): (readonly string[])[] {
  return findPrograms(component, folders, manifest, proc).map(({ args }) => args);
}

function findPrograms(
  component: Component,
  { kubeconfigDir, certDir }: NodeFolders,
  manifest: Manifest | undefined,
  proc: string,
): Program[] {
  const flags = manifest?.words.slice(1) ?? [];
  const found = programs(component, proc).filter(
    ({ args }) =>
      args.some((arg) => arg.includes(kubeconfigDir) || arg.includes(certDir)) ||
      (flags.length > 0 && flags.every((flag) => args.includes(flag))),
  );
  const genuine = found.filter(({ pid }) => isGenuine(component, manifest, proc, pid));
  return genuine.length > 0 ? genuine : found;
}

/**
 * Whether a process is the program, and runs as root or as the user that the manifest names: with all its user ids, as
 * someone who runs `su` or `passwd` under another name keeps their own.
 */
function isGenuine(
  component: Component,
  manifest: Manifest | undefined,
  proc: string,
  pid: string,
): boolean {
  const [, line = ''] = /^Uid:\s*(.*)$/m.exec(readProc(proc, pid, 'status') ?? '') ?? [];
  const users = ['0', ...(manifest?.users ?? []).map(String)];
  const program = programOf(proc, pid);
  return (
    line !== '' &&
    line.split(/\s+/).every((uid) => users.includes(uid)) &&
    (program === undefined || program === component)
  );
}

/** undefined if it may not be known: without CAP_SYS_PTRACE, as in the timer's unit (ptrace(2)). */
function programOf(proc: string, pid: string): string | undefined {
  try {
    return basename(readlinkSync(join(proc, pid, 'exe')));
  } catch {
    return undefined;
  }
}

/**
 * Whether a component may run that is not a static pod: as a systemd service, or from another manifests folder. With
 * kubeadm's own folders, each process with its name belongs to the node, whatever its arguments are.
 */
export function mayRunOutsideManifests(
  component: Component,
  folders: NodeFolders,
  proc = PROC,
): boolean {
  if (!seesOtherProcesses(proc)) return true;
  const isNodesOwn = folders.kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir;
  const ours = isNodesOwn
    ? programs(component, proc)
    : findProcesses(component, folders, undefined, proc);
  return ours.length > 0;
}

/**
 * Whether the kubelet of this machine is that of another node's files: of a copy, it must not be restarted. Unknown if it
 * does not run, or cannot be seen.
 */
export function isKubeletOfOthers(folders: NodeFolders, proc = PROC): boolean {
  if (folders.kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir) return false;
  return (
    programs('kubelet', proc).length > 0 &&
    findProcesses('kubelet', folders, undefined, proc).length === 0
  );
}

/** Other users' processes are invisible if /proc is mounted with hidepid (proc(5)), or not mounted. */
export const seesOtherProcesses = (proc = PROC): boolean =>
  (readProc(proc, '1', 'cmdline') ?? '') !== '';

interface Program {
  readonly pid: string;
  readonly id: string;
  readonly args: readonly string[];
}

function programs(name: string, proc: string): Program[] {
  return processIds(proc).flatMap((pid) => {
    const [program = '', ...args] = (readProc(proc, pid, 'cmdline') ?? '').split('\0');
    if (program.split('/').at(-1) !== name) return [];
    const stat = readProc(proc, pid, 'stat');
    const [state, startedAt] = fieldsOf(stat ?? '');
    return stat === undefined || state === 'Z' ? [] : [{ pid, id: `${pid}:${startedAt}`, args }];
  });
}

function processIds(proc: string): string[] {
  try {
    return readdirSync(proc).filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // not mounted
  }
}

/** State and start time: fields 3 and 22 of proc_pid_stat(5), counted from the end of the name in brackets. */
function fieldsOf(stat: string): [string, string] {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[0] ?? '', fields[19] ?? ''];
}

function readProc(proc: string, pid: string, file: string): string | undefined {
  try {
    return readFile(join(proc, pid, file)).bytes.toString('utf8');
  } catch {
    return undefined; // exited in the meantime, or invisible
  }
}
