import { COMPONENTS } from '../disk/components.ts';
import { undoInstallation } from '../install/installation.ts';
import { type Installation, record } from '../install/journal.ts';
import {
  keepingLease,
  type RestartedInstallation,
  restartComponents,
} from '../install/restart-components.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldLease } from '../restart/lease.ts';
import type { StartedSince } from '../restart/started-since.ts';

/**
 * Restores the old files, and restarts the components that have read the new ones. Can be called again after any
 * interruption. The rollback is done when the files are restored: a component that fails with them is in the results,
 * and holds up neither the others nor the next run.
 * @param hasStarted components to restart in addition to those in the journal; called once the old files are restored
 */
export async function rollBackInstallation(
  installation: Installation,
  reason: string,
  deps: RestartDeps,
  lease: HeldLease | undefined,
  hasStarted: StartedSince = () => false,
): Promise<RestartedInstallation> {
  const undone = await undoInstallation(installation, reason);
  const restarts = COMPONENTS.filter(
    (one) => undone.journal.restarts.includes(one) || hasStarted(one),
  );
  const undoing = await record(undone, { restarts });
  const restarted = await restartComponents(undoing, keepingLease(deps, lease), lease);
  return { ...restarted, installation: await record(restarted.installation, { phase: 'undone' }) };
}
