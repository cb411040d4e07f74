/** `cakeless rollback`: restores the files that the last installation replaced. */
import type { Command } from 'commander';
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
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import { outputOption, restartTimeoutOption } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import { addFolderOptions, addNodeOptions, kubeletDirOption } from './node-options.ts';

interface RollbackCommandOptions extends NodeOptions {
  restart: boolean;
  restartTimeout: number;
  lease: boolean;
  force?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

/** Short, because a person is waiting. */
const LEASE_WAIT_SECONDS = 60;

export function addRollbackCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('rollback [id]')
    .description(
      'restore the files that the last installation (or the one with this id) replaced, and restart the components that use them',
    );
  addFolderOptions(addNodeOptions(command))
    .addOption(kubeletDirOption())
    .option('--no-restart', 'restore the files, but do not restart anything')
    .option('--no-lease', 'do not wait for other nodes; use this if the bucket cannot be reached')
    .addOption(restartTimeoutOption())
    .option('--force', 'roll back despite objections')
    .option('--dry-run', 'show what would be restored; change nothing')
    .addOption(outputOption())
    .action(async (id: string | undefined, options: RollbackCommandOptions) => {
      exit(await rollBackThisNode(terminal, id, options));
    });
}

async function rollBackThisNode(
  terminal: Terminal,
  id: string | undefined,
  options: RollbackCommandOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  const lease = async () => {
    const { cluster, node } = whoIsThis(settings);
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
  };
  if (options.dryRun) {
    print(terminal, options.output, previewRollback(deps, id), true);
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
  const { folder, journal } = installation;
  const { id, names, changes, startedAt } = journal;
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
