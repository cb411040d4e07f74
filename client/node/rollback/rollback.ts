/** `cakeless rollback`: restores the files that an installation replaced, and restarts the components that use them. */
import { CommandError } from '../../errors.ts';
import { type Installation, listInstallations, record } from '../install/journal.ts';
import { ownInstallation } from '../install/own-installation.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import type { RestartDeps } from '../restart/deps.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import { isStaticPod, neededRestarts } from '../restart/needed-restarts.ts';
import { requireVisibleProcesses } from '../restart/preconditions.ts';
import { requireProc } from '../restart/processes.ts';
import type { RestartResult } from '../restart/restart.ts';
import { withRunLock } from '../state/run-lock.ts';
import type { ReachApiServer } from '../trust/api-server.ts';
import { findLostApiServer, findObjections } from './objections.ts';
import { rollBackInstallation } from './roll-back-installation.ts';

export interface RollbackOptions {
  /** Id of an installation; by default the last one. */
  readonly id: string | undefined;
  readonly restart: boolean;
  readonly force: boolean;
}

export interface RollbackDeps extends RestartDeps {
  /** Returns undefined if another node held it for too long; absent if no lease is needed. */
  readonly lease?: (() => Promise<HeldLease | undefined>) | undefined;
  /** The API server that the kubelet of this node uses; absent if it is not checked. */
  readonly reach?: ReachApiServer;
}

export interface RollbackReport {
  readonly installation: Installation;
  readonly restarts: readonly RestartResult[];
  readonly objections: readonly string[];
  /** The id of the installation that another rollback would undo. */
  readonly next?: string | undefined;
}

/** What `rollBack` would do. Writes nothing. */
export async function previewRollback(
  deps: RollbackDeps,
  id: string | undefined,
): Promise<RollbackReport> {
  const installation = choose(deps, id);
  const objections = await objectionsTo(installation, deps);
  return { installation, restarts: [], objections };
}

/** @throws CommandError if there is an objection and `force` is not set */
export async function rollBack(
  deps: RollbackDeps,
  options: RollbackOptions,
): Promise<RollbackReport> {
  const { folders, stateDir } = deps;
  if (options.restart) requireProc(folders);
  return withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    const installation = choose(deps, options.id);
    const check = async () => {
      const objections = await objectionsTo(installation, deps);
      if (!options.force) refuse(objections);
      return objections;
    };
    await check();
    const { changes } = installation;
    const { names, caData = [], cas } = installation.journal;
    const users = [...names, ...caData];
    const restarts = options.restart ? neededRestarts(deps, users, cas, changes) : [];
    await requireVisibleProcesses(restarts, deps);
    const held =
      restarts.some((one) => isStaticPod(one, deps)) && deps.lease
        ? await acquireLease(deps.lease, 'wait, or use --no-lease')
        : undefined;
    try {
      const objections = await check(); // again: someone may have edited a file during the wait for the lease
      const planned = await record(installation, { restarts, restarted: [] });
      const done = await rollBackInstallation(planned, 'cakeless rollback', deps, held);
      const next = candidates(stateDir).at(-1)?.journal.id;
      return { ...done, installation, objections, next };
    } finally {
      await held?.release();
    }
  });
}

/** Installations that can be rolled back, oldest first. */
const candidates = (stateDir: string) =>
  listInstallations(stateDir).filter(({ journal }) => journal.phase !== 'undone');

/** @throws CommandError if no such installation can be rolled back, or it is not one of this node */
function choose({ stateDir, folders }: RollbackDeps, id: string | undefined): Installation {
  const all = candidates(stateDir);
  const found = id === undefined ? all.at(-1) : all.find(({ journal }) => journal.id === id);
  if (found) return ownInstallation(found, folders);
  throw new CommandError(
    'usage',
    id === undefined
      ? `nothing to roll back: ${stateDir} has no installation that was not undone`
      : `installation ${id} does not exist, or was undone`,
    all.length > 0
      ? `installations that can be rolled back: ${all.map(({ journal }) => journal.id).join(', ')}`
      : undefined,
  );
}

async function objectionsTo(
  chosen: Installation,
  { stateDir, folders, clock, reach }: RollbackDeps,
): Promise<string[]> {
  const all = candidates(stateDir);
  const at = all.findIndex(({ journal }) => journal.id === chosen.journal.id);
  return [
    ...findObjections(chosen, all.slice(at + 1), folders, clock.now()),
    ...(reach ? await findLostApiServer(chosen, folders, reach) : []),
  ];
}

function refuse(objections: readonly string[]): void {
  if (objections.length === 0) return;
  throw new CommandError(
    'check-failed',
    ['nothing was changed:', ...objections],
    '--force restores the old files anyway; their current contents are lost then',
  );
}
