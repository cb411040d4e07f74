/** Before the files of a node change: remembers which components have read the current ones. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { Clock } from '../../clock.ts';
import type { NodeFolders } from '../disk/places.ts';
import { recallStarts, rememberStarts } from './known-starts.ts';
import { findStarted, type Processes, type StartedComponents } from './started-components.ts';

interface NoteDeps extends Processes {
  readonly folders: NodeFolders;
  readonly stateDir: string;
  readonly clock: Pick<Clock, 'now'>;
}

/** If an administrator has restarted the kubelet since the last run, only the current times of the files can show it. */
export async function noteStarts(deps: NoteDeps, ca: CaName): Promise<void> {
  const found = find(deps, ca);
  if (found) await rememberStarts(deps.stateDir, found.starts);
}

/** undefined if the files cannot be read: then they are no evidence, and the run says what is wrong with them. */
function find(
  { folders, stateDir, clock, proc }: NoteDeps,
  ca: CaName,
): StartedComponents | undefined {
  const known = recallStarts(stateDir);
  try {
    return findStarted(ca, folders, clock.now(), { known, ...(proc !== undefined && { proc }) });
  } catch {
    return undefined;
  }
}
