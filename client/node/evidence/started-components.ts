/** Whether the components that read the certificates of a CA only when they start have started since those changed. */
import type { NodeReport } from '../../../lib/contract/node-report.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { type Component, componentsToRestart } from '../disk/components.ts';
import { statIfThere } from '../disk/file-change.ts';
import { caFileOf, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readManifest } from '../restart/manifest.ts';
import { findProcesses } from '../restart/processes.ts';
import { rootCaFile } from '../restart/root-ca-file.ts';

type Started = NonNullable<NodeReport['rotation']>['started'][number];

export interface StartedComponents {
  readonly started: Started[];
  /** Components of which it is not known, in sentences. */
  readonly unknown: string[];
}

export interface Processes {
  /** @default /proc */
  readonly proc?: string;
}

export function findStarted(
  ca: CaName,
  folders: NodeFolders,
  now: Date,
  { proc = '/proc' }: Processes = {},
): StartedComponents {
  const found: StartedComponents = { started: [], unknown: [] };
  for (const component of componentsToRestart([], [ca], () => undefined)) {
    if (!runsHere(component, folders)) continue;
    const startedAt = startOf(component, folders, now, proc);
    const filesChangedAt = lastChange(filesOf(component, ca, folders));
    if (startedAt === undefined)
      found.unknown.push(
        `${component} was not found among the processes of this node, so it is not known whether it has read the CA certificates of ${ca}`,
      );
    else if (filesChangedAt !== undefined)
      found.started.push({
        component,
        startedAt: new Date(startedAt).toISOString(),
        filesChangedAt: new Date(filesChangedAt).toISOString(),
        isSince: startedAt > filesChangedAt,
      });
  }
  return found;
}

/** The kubelet of a copy of a node's files is another node's. */
const runsHere = (component: Component, folders: NodeFolders) =>
  component === 'kubelet'
    ? folders.kubeletDir !== undefined
    : readManifest(component, folders) !== undefined;

const KUBECONFIGS: Partial<Record<Component, CertificateName>> = {
  'kube-controller-manager': 'controller-manager.conf',
  'kube-scheduler': 'scheduler.conf',
  kubelet: 'kubelet.conf',
};

function filesOf(component: Component, ca: CaName, folders: NodeFolders): string[] {
  const kubeconfig = KUBECONFIGS[component];
  const published = component === 'kube-controller-manager' ? rootCaFile(folders) : undefined;
  return [
    caFileOf(ca, folders),
    ...(kubeconfig ? [fileOf(placeOf(kubeconfig, folders))] : []),
    ...(published === undefined ? [] : [published]),
  ];
}

/**
 * In milliseconds since 1970; undefined if no file exists. The time of the last change of an inode (inode(7)), because a
 * file is written before it gets its name, and a copy may keep the time at which the original was written.
 */
function lastChange(files: readonly string[]): number | undefined {
  const times = files.flatMap((file) => statIfThere(file)?.ctimeMs ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Of its oldest process; undefined if none is visible. */
function startOf(
  component: Component,
  folders: NodeFolders,
  now: Date,
  proc: string,
): number | undefined {
  const manifest = readManifest(component, folders);
  const ticks = findProcesses(component, folders, manifest, proc).map((id) =>
    Number(id.split(':')[1]),
  );
  const uptimeMs = readUptimeMs(proc);
  if (ticks.length === 0 || uptimeMs === undefined) return undefined;
  return now.getTime() - uptimeMs + Math.min(...ticks) * MS_PER_TICK;
}

/** USER_HZ is 100 on every architecture for which Kubernetes is built (sysconf(3), _SC_CLK_TCK). */
const MS_PER_TICK = 10;

/** Since boot, as the start times of processes (proc_uptime(5)). */
function readUptimeMs(proc: string): number | undefined {
  try {
    const [seconds = ''] = readFile(`${proc}/uptime`).bytes.toString('utf8').split(' ');
    return /^\d+(?:\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : undefined;
  } catch {
    return undefined;
  }
}
