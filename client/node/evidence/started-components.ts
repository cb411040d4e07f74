/** Whether the components that read the certificates of a CA only when they start have started since those changed. */
import { createHash } from 'node:crypto';
import type { NodeReport } from '../../../lib/contract/node-report.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { type Component, componentsToRestart } from '../disk/components.ts';
import { statIfThere } from '../disk/file-change.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { caPemIn } from '../disk/kubeconfig-ca.ts';
import { caFileOf, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readManifest } from '../restart/manifest.ts';
import { rootCaFile } from '../restart/root-ca-file.ts';
import { findRunning, type Processes } from './find-running.ts';
import { isSameProcess, isSameStart, type KnownStart, recallStarts } from './known-starts.ts';
import { notRestarted, notRunning, type Waiting } from './waiting.ts';

type Started = NonNullable<NodeReport['rotation']>['started'][number];

export interface StartedComponents {
  readonly started: Started[];
  /** Those that have not read the current certificates, or do not run. */
  readonly waiting: Waiting[];
  /** What to remember for the next run. */
  readonly starts: KnownStart[];
}

interface Known extends Pick<Processes, 'proc'> {
  /** What the last run remembered. */
  readonly known?: readonly KnownStart[];
}

export interface StartsPlace extends Processes {
  readonly stateDir: string;
}

/** With what the node remembers. @throws Error if a file cannot be read */
export const findStartedOnNode = (
  ca: CaName,
  { folders, stateDir, proc }: StartsPlace,
  now: Date,
): StartedComponents =>
  findStarted(ca, folders, now, {
    known: recallStarts(stateDir),
    ...(proc !== undefined && { proc }),
  });

export function findStarted(
  ca: CaName,
  folders: NodeFolders,
  now: Date,
  { known = [], ...place }: Known = {},
): StartedComponents {
  const found: StartedComponents = { started: [], waiting: [], starts: [] };
  for (const component of componentsToRestart([], [ca], () => undefined)) {
    if (!runsHere(component, folders)) continue;
    const { processes, startedAt } = findRunning(component, { folders, ...place }, now);
    const files = filesOf(component, ca, folders);
    const last = lastChange(files);
    if (startedAt === undefined) found.waiting.push(notRunning(component, isoOf(last?.at)));
    else if (last !== undefined) {
      const start = { component, processes: [...processes], certificates: digestOfCas(files) };
      const { filesChangedAt, isSince, remembered } = judge(start, startedAt, last.at, known);
      const at = new Date(startedAt).toISOString();
      found.started.push({ component, startedAt: at, filesChangedAt, isSince });
      found.starts.push(...remembered);
      const ahead = last.at > now.getTime() ? last.file : undefined;
      if (!isSince) found.waiting.push(notRestarted(component, at, filesChangedAt, folders, ahead));
    }
  }
  return found;
}

/** What is known of the same process counts, whatever the clock was when the files changed; otherwise the times do. */
function judge(
  start: Omit<KnownStart, 'filesChangedAt'>,
  startedAt: number,
  changedAt: number,
  known: readonly KnownStart[],
) {
  const same = known.find((one) => isSameStart(one, start));
  const other = known.find((one) => isSameProcess(one, start));
  const filesChangedAt = same?.filesChangedAt ?? new Date(changedAt).toISOString();
  const isSince = same !== undefined || (other === undefined && startedAt > changedAt);
  const remembered = isSince ? [{ ...start, filesChangedAt }] : other ? [other] : [];
  return { filesChangedAt, isSince, remembered };
}

const isoOf = (ms: number | undefined) =>
  ms === undefined ? undefined : new Date(ms).toISOString();

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
 * The file that changed last, and when, in milliseconds since 1970; undefined if no file exists. The time of the last change of an inode (inode(7)), because a
 * file is written before it gets its name, and a copy may keep the time at which the original was written.
 */
function lastChange(files: readonly string[]) {
  const changes = files.flatMap((file) => {
    const at = statIfThere(file)?.ctimeMs;
    return at === undefined ? [] : [{ file, at }];
  });
  return changes.toSorted((a, b) => b.at - a.at).at(0);
}

/** The certificates of each file, in whatever order. A kubeconfig has them in its CA data. */
function digestOfCas(files: readonly string[]): string {
  const certificates = files.map((file) => {
    const pem = isKubeconfig(file) ? caPemIn(file) : readTextIfThere(file);
    return fingerprintsOf(pem ?? '').sort();
  });
  return createHash('sha256').update(JSON.stringify(certificates)).digest('hex');
}

const isKubeconfig = (file: string) => file.endsWith('.conf');
