/** Before the files of a node change: remembers which components have read the current ones. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { Clock } from '../../clock.ts';
import { rememberStarts } from './known-starts.ts';
import {
  findStartedOnNode,
  type StartedComponents,
  type StartsPlace,
} from './started-components.ts';

interface NoteDeps extends StartsPlace {
  readonly clock: Pick<Clock, 'now'>;
}

/** If an administrator has restarted the kubelet since the last run, only the current times of the files can show it. */
export async function noteStarts(deps: NoteDeps, ca: CaName): Promise<void> {
  const found = find(deps, ca);
  if (found) await rememberStarts(deps.stateDir, found.starts);
}

/** undefined if the files cannot be read: then they are no evidence, and the run says what is wrong with them. */
function find(deps: NoteDeps, ca: CaName): StartedComponents | undefined {
  try {
    return findStartedOnNode(ca, deps, deps.clock.now());
  } catch {
    return undefined;
  }
}
