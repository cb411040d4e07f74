/** `cakeless rollback`: puts the files back that the last installation replaced. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { type Installation, listInstallations, record } from '../node/install/installation.ts';
import { takeLease } from '../node/lease.ts';
import { connectNode } from '../node/node-connection.ts';
import { takeBack } from '../node/renewal/carry-through.ts';
import { neededRestarts } from '../node/renewal/turn.ts';
import { returnManifests } from '../node/restart/held-manifests.ts';
import { checkProcessesAreSeen } from '../node/restart/processes.ts';
import type { RestartResult, RestartWorld } from '../node/restart/restart.ts';
import { withRunLock } from '../node/run-lock.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/settings.ts';
import { outputOption, restartTimeoutOption } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { addFolderOptions, addNodeOptions } from './node-options.ts';
import { describeRestart } from './renew.ts';

interface RollbackOptions extends NodeOptions {
  restart: boolean;
  restartTimeout: number;
  lease: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

/** Somebody is waiting in front of it. */
const LEASE_WAIT_SECONDS = 60;

export function addRollbackCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('rollback [id]')
    .description(
      'put the files back that the last installation (or the one with this id) replaced',
    );
  addFolderOptions(addNodeOptions(command))
    .option('--no-restart', 'put the files back only; restart nothing')
    .option('--no-lease', 'do not wait for other nodes: when the bucket can not be reached')
    .addOption(restartTimeoutOption())
    .option('--dry-run', 'show what would be put back; do nothing')
    .addOption(outputOption())
    .action((id: string | undefined, options: RollbackOptions) => rollBack(terminal, id, options));
}

async function rollBack(
  terminal: Terminal,
  id: string | undefined,
  options: RollbackOptions,
): Promise<void> {
  const { folders, stateDir, ...settings } = resolveSettings(options);
  const chosen = choose(stateDir, id);
  if (options.dryRun) return print(terminal, options.output, chosen, []);
  if (options.restart) checkProcessesAreSeen(folders);
  const world: RestartWorld = {
    ...{ folders, stateDir, terminal, clock: systemClock, timeoutSeconds: options.restartTimeout },
  };
  await withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    const { names, caChanged } = chosen.journal;
    const restarts = options.restart ? neededRestarts(world, names, caChanged) : [];
    const lease = async () => {
      const { cluster, node } = whoIsThis({ folders, stateDir, ...settings });
      const object = await connectNode(process.env, settings.config).lease(cluster);
      const held = await takeLease(object, node, LEASE_WAIT_SECONDS, systemClock, terminal);
      if (held) return held;
      throw new CommandError(
        EXIT.pending,
        'another node of the cluster restarts its components; nothing was changed here',
        'wait, or say --no-lease',
      );
    };
    const held = restarts.length > 0 && options.lease ? await lease() : undefined;
    try {
      const planned = await record(chosen, { restarts, restarted: [] });
      const done = await takeBack(planned, 'cakeless rollback', world, held);
      print(terminal, options.output, chosen, done.restarts);
    } finally {
      await held?.release();
    }
  });
}

function choose(stateDir: string, id: string | undefined): Installation {
  const all = listInstallations(stateDir).filter(({ journal }) => journal.phase !== 'undone');
  const found = id === undefined ? all.at(-1) : all.find(({ journal }) => journal.id === id);
  if (!found)
    throw new CommandError(
      EXIT.usage,
      id === undefined
        ? `there is nothing to put back: ${stateDir} holds no installation that was not undone`
        : `there is no installation ${id} to put back`,
      all.length > 0 ? `there are: ${all.map(({ journal }) => journal.id).join(', ')}` : undefined,
    );
  const later = all.slice(all.indexOf(found) + 1);
  const clash = later.flatMap(({ journal }) =>
    journal.names.filter((name) => found.journal.names.includes(name)),
  );
  if (clash.length === 0) return found;
  throw new CommandError(
    EXIT.usage,
    `${clash.join(', ')} changed again after ${found.journal.id}`,
    'roll back the later installations first: cakeless rollback without an id takes the last one',
  );
}

function print(
  terminal: Terminal,
  output: OutputFormat,
  { folder, journal: { id, names, changes } }: Installation,
  restarts: readonly RestartResult[],
): void {
  const files = changes.map(({ path }) => path);
  printResult(terminal, output, { id, names, files, restarts, backup: folder }, () => [
    `installation ${id}: ${names.join(', ')}`,
    ...files.map((file) => `  ${file}`),
    ...restarts.map(describeRestart),
  ]);
}
