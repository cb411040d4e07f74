/** The processes of a component on this node, as evidence names them, and when they started. */
import { join } from 'node:path';
import { readFile } from '../../../lib/files/read-file.ts';
import type { Component } from '../disk/components.ts';
import type { NodeFolders } from '../disk/places.ts';
import { readManifest } from '../restart/manifest.ts';
import { findProcesses } from '../restart/processes.ts';

export interface Processes {
  readonly folders: NodeFolders;
  /** @default /proc */
  readonly proc?: string;
}

export interface Running {
  /**
   * Each with its boot, its id and its start, in an order that stays: another machine, or this one after a restart, may have
   * a process with the same id and the same start.
   */
  readonly processes: readonly string[];
  /** Of the oldest, in milliseconds since 1970; undefined if none is visible. */
  readonly startedAt: number | undefined;
}

export function findRunning(
  component: Component,
  { folders, proc = '/proc' }: Processes,
  now: Date,
): Running {
  const ids = findProcesses(component, folders, readManifest(component, folders), proc).toSorted();
  const boot = read(proc, 'sys/kernel/random/boot_id').trim();
  return { processes: ids.map((id) => `${boot}/${id}`), startedAt: startOf(ids, now, proc) };
}

function startOf(ids: readonly string[], now: Date, proc: string): number | undefined {
  const ticks = ids.map((id) => Number(id.split(':')[1]));
  const uptimeMs = readUptimeMs(proc);
  if (ticks.length === 0 || uptimeMs === undefined) return undefined;
  return now.getTime() - uptimeMs + Math.min(...ticks) * MS_PER_TICK;
}

/** USER_HZ is 100 on every architecture for which Kubernetes is built (sysconf(3), _SC_CLK_TCK). */
const MS_PER_TICK = 10;

/** Since boot, as the start times of processes (proc_uptime(5)). */
function readUptimeMs(proc: string): number | undefined {
  const [seconds = ''] = read(proc, 'uptime').split(' ');
  return /^\d+(?:\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

/** Empty if it cannot be read. */
function read(proc: string, file: string): string {
  try {
    return readFile(join(proc, file)).bytes.toString('utf8');
  } catch {
    return '';
  }
}
