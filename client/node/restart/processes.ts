/** The running processes of a component, from /proc: a control-plane node need not have crictl. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { CommandError, EXIT } from '../../exit-codes.ts';
import type { NodeFolders } from '../places.ts';
import { COMPONENTS, type Component } from './components.ts';
import { readManifest } from './manifest.ts';

/** @throws CommandError where static pods would have to be restarted and nobody could tell when one has stopped */
export function checkProcessesAreSeen(folders: NodeFolders): void {
  if (existsSync('/proc/self/stat')) return;
  const here = COMPONENTS.filter((component) => readManifest(component, folders) !== undefined);
  if (here.length === 0) return;
  throw new CommandError(
    EXIT.usage,
    `/proc is not mounted: nobody could tell when ${here.join(', ')} has stopped; nothing was changed`,
    'mount /proc, or say --no-restart and restart what is listed yourself',
  );
}

/** Ids that no later process has: process id and start time. */
export function processesOf(
  component: Component,
  { kubeconfigDir, certDir }: NodeFolders,
): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [program = '', ...args] = (readProc(pid, 'cmdline') ?? '').split('\0');
      const isIt = program.split('/').at(-1) === component;
      // another cluster's on the same machine has its files elsewhere
      return isIt && args.some((arg) => arg.includes(kubeconfigDir) || arg.includes(certDir));
    })
    .flatMap((pid) => {
      const stat = readProc(pid, 'stat');
      const [state, startedAt] = fieldsOf(stat ?? '');
      return stat === undefined || state === 'Z' ? [] : [`${pid}:${startedAt}`];
    });
}

/** State and start time: fields 3 and 22 of proc_pid_stat(5), counted from behind the name in brackets. */
function fieldsOf(stat: string): [string, string] {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[0] ?? '', fields[19] ?? ''];
}

function readProc(pid: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // ended in the meantime
  }
}
