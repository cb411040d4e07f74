/** `cakeless rollback`: puts the files back that the last installation replaced. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { NodeFolders } from '../node/disk/places.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { type Installation, listInstallations, record } from '../node/install/installation.ts';
import { findObjections } from '../node/install/objections.ts';
import { takeBack } from '../node/renewal/carry-through.ts';
import { neededRestarts } from '../node/renewal/turn.ts';
import { checkSeen } from '../node/restart/before.ts';
import { returnManifests } from '../node/restart/held-manifests.ts';
import { takeLease } from '../node/restart/lease.ts';
import { checkProcessesAreSeen } from '../node/restart/processes.ts';
import type { RestartResult, RestartWorld } from '../node/restart/restart.ts';
import { withRunLock } from '../node/state/run-lock.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import { outputOption, restartTimeoutOption } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import { addFolderOptions, addNodeOptions } from './node-options.ts';

interface RollbackOptions extends NodeOptions {
  restart: boolean;
  restartTimeout: number;
  lease: boolean;
  force?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

/** Somebody is waiting in front of it. */
const LEASE_WAIT_SECONDS = 60;

export function addRollbackCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('rollback [id]')
    .description(
      'put the files back that the last installation (or the one with this id) replaced',
    );
  addFolderOptions(addNodeOptions(command))
    .option('--no-restart', 'put the files back only; restart nothing')
    .option('--no-lease', 'do not wait for other nodes: when the bucket can not be reached')
    .addOption(restartTimeoutOption())
    .option('--force', 'put them back although something speaks against it')
    .option('--dry-run', 'show what would be put back; do nothing')
    .addOption(outputOption())
    .action(async (id: string | undefined, options: RollbackOptions) => {
      exit(await rollBack(terminal, id, options));
    });
}

async function rollBack(
  terminal: Terminal,
  id: string | undefined,
  options: RollbackOptions,
): Promise<ExitCode> {
  const { folders, stateDir, ...settings } = resolveSettings(options);
  if (options.dryRun) {
    const chosen = choose(stateDir, id);
    const objections = objectionsTo(chosen, stateDir, folders);
    print(terminal, options.output, chosen, { dryRun: true, restarts: [], objections });
    return EXIT.done;
  }
  if (options.restart) checkProcessesAreSeen(folders);
  const world: RestartWorld = {
    ...{ folders, stateDir, terminal, clock: systemClock, timeoutSeconds: options.restartTimeout },
  };
  return withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    const chosen = choose(stateDir, id);
    const objections = objectionsTo(chosen, stateDir, folders);
    if (!options.force) refuse(objections);
    const { names, caChanged } = chosen.journal;
    const restarts = options.restart ? neededRestarts(world, names, caChanged) : [];
    await checkSeen(restarts, world);
    const lease = async () => {
      const { cluster, node } = whoIsThis({ folders, stateDir, ...settings });
      const store = await connectNode(process.env, settings.config).exchange();
      const held = await takeLease(
        { store, clock: systemClock, terminal },
        { cluster, node, waitSeconds: LEASE_WAIT_SECONDS },
      );
      if (held) return held;
      throw new CommandError(
        'pending',
        'another node of the cluster restarts its components; nothing was changed here',
        'wait, or say --no-lease',
      );
    };
    const held = restarts.length > 0 && options.lease ? await lease() : undefined;
    try {
      const planned = await record(chosen, { restarts, restarted: [] });
      const done = await takeBack(planned, 'cakeless rollback', world, held);
      const next = candidates(stateDir).at(-1)?.journal.id;
      const found = { dryRun: false, restarts: done.restarts, objections, next };
      print(terminal, options.output, chosen, found);
      return exitCodeOfRestarts(done.restarts);
    } finally {
      await held?.release();
    }
  });
}

/** Those that can be put back, in the order in which they were made. */
const candidates = (stateDir: string) =>
  listInstallations(stateDir).filter(({ journal }) => journal.phase !== 'undone');

function choose(stateDir: string, id: string | undefined): Installation {
  const all = candidates(stateDir);
  const found = id === undefined ? all.at(-1) : all.find(({ journal }) => journal.id === id);
  if (found) return found;
  throw new CommandError(
    'usage',
    id === undefined
      ? `there is nothing to put back: ${stateDir} holds no installation that was not undone`
      : `there is no installation ${id} to put back`,
    all.length > 0 ? `there are: ${all.map(({ journal }) => journal.id).join(', ')}` : undefined,
  );
}

function objectionsTo(chosen: Installation, stateDir: string, folders: NodeFolders): string[] {
  const all = candidates(stateDir);
  const at = all.findIndex(({ journal }) => journal.id === chosen.journal.id);
  return findObjections(chosen, all.slice(at + 1), folders, systemClock.now());
}

function refuse(objections: readonly string[]): void {
  if (objections.length === 0) return;
  throw new CommandError(
    'check-failed',
    ['nothing was put back:', ...objections].join('\n  '),
    '--force puts it back all the same; what stands there now is lost then',
  );
}

function print(
  terminal: Terminal,
  output: OutputFormat,
  { folder, journal: { id, names, changes, startedAt } }: Installation,
  found: {
    readonly dryRun: boolean;
    readonly restarts: readonly RestartResult[];
    readonly objections: readonly string[];
    /** The installation that another `rollback` would undo. */
    readonly next?: string | undefined;
  },
): void {
  const { dryRun, restarts, objections, next } = found;
  const files = changes.map(({ path }) => path);
  const result = { dryRun, id, names, files, restarts, objections, backup: folder };
  printResult(terminal, output, result, () => [
    `${dryRun ? 'would put back' : 'put back'} what installation ${id} of ${startedAt} replaced: ${names.join(', ')}`,
    ...files.map((file) => `  ${file}`),
    ...objections.map((objection) => `against it: ${objection}`),
    ...restarts.map(describeRestart),
    ...(dryRun ? ['(dry run: nothing was changed or restarted)'] : []),
    ...(next === undefined
      ? []
      : [`another cakeless rollback puts back what installation ${next} replaced`]),
  ]);
}
