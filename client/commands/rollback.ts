import { systemClock } from '../clock.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { takeLease } from '../node/restart/lease.ts';
import {
  previewRollback,
  type RollbackDeps,
  type RollbackReport,
  rollBack,
} from '../node/rollback/rollback.ts';
import {
  type NodeOptions,
  requireNode,
  resolveSettings,
  whoIsThis,
} from '../node/state/settings.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { reachAsKubelet } from './api-server.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import { recallSelf } from './recall-self.ts';

export interface RollbackCommandOptions extends NodeOptions {
  restart: boolean;
  restartTimeout: number;
  lease: boolean;
  force?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

/** Short, because a person is waiting. */
const LEASE_WAIT_SECONDS = 60;

export async function rollBackThisNode(
  terminal: Terminal,
  id: string | undefined,
  options: RollbackCommandOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  requireNode(settings.folders); // before the run lock, which creates its folder
  const lease = async () => {
    const { cluster, node } = whoIsThis(recallSelf(settings));
    const store = await connectNode(process.env, settings.config).exchange();
    return takeLease(
      { store, clock: systemClock, terminal },
      { cluster, node, waitSeconds: LEASE_WAIT_SECONDS },
    );
  };
  const deps: RollbackDeps = {
    folders: settings.folders,
    stateDir: settings.stateDir,
    terminal,
    clock: systemClock,
    timeoutSeconds: options.restartTimeout,
    lease: options.lease ? lease : undefined,
    reach: reachAsKubelet(settings.folders),
  };
  if (options.dryRun) {
    print(terminal, options.output, await previewRollback(deps, id), true);
    return EXIT.done;
  }
  const { restart, force = false } = options;
  const report = await rollBack(deps, { id, restart, force });
  print(terminal, options.output, report, false);
  return exitCodeOfRestarts(report.restarts);
}

function print(
  terminal: Terminal,
  output: OutputFormat,
  { installation, restarts, objections, next }: RollbackReport,
  dryRun: boolean,
): void {
  const { folder, journal, changes } = installation;
  const { id, names, startedAt } = journal;
  const files = changes.map(({ path }) => path);
  const result = { dryRun, id, names, files, restarts, objections, backup: folder };
  printResult(terminal, output, result, () => [
    `${dryRun ? 'would restore' : 'restored'} the files that installation ${id} of ${startedAt} replaced: ${names.join(', ')}`,
    ...files.map((file) => `  ${file}`),
    ...objections.map((objection) => `objection: ${objection}`),
    ...restarts.map(describeRestart),
    ...(dryRun ? ['(dry run: nothing was changed or restarted)'] : []),
    ...(next === undefined
      ? []
      : [`another cakeless rollback restores the files that installation ${next} replaced`]),
  ]);
}
