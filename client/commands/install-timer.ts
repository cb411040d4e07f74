/** `cakeless install-timer`: systemd units that renew this node by themselves. */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSea } from 'node:sea';
import type { Command } from 'commander';
import { removeDurably, writeDurably } from '../../lib/files/durable-file.ts';
import { CommandError } from '../errors.ts';
import { type NodeSettings, resolveSettings } from '../node/state/settings.ts';
import { checkTimerKnowsNode } from '../node/state/timer-environment.ts';
import { markedUnit, type UnitState, unitState } from '../systemd/marked-unit.ts';
import { hostSystemd, type Systemd } from '../systemd/systemd.ts';
import { AT_BOOT, commandWord, TIMER, unitFiles } from '../systemd/units.ts';
import { findWritableByOthers } from '../systemd/writable-by-others.ts';
import { writableFolders } from '../systemd/writable-folders.ts';
import type { Terminal } from '../terminal.ts';

export interface TimerOptions {
  print?: boolean;
  dryRun?: boolean;
  remove?: boolean;
  replace?: boolean;
  command?: string;
  unitDir: string;
}

export interface TimerWorld {
  readonly terminal: Terminal;
  readonly systemd: Systemd;
  readonly settings: NodeSettings;
  /** What the unit reads its environment from. */
  readonly environmentFile: string;
}

interface Unit {
  readonly file: string;
  readonly text: string;
  readonly state: UnitState;
}

const UNIT_MODE = 0o644;

export function addInstallTimerCommand(program: Command, terminal: Terminal): void {
  program
    .command('install-timer')
    .description('install and start a systemd timer that runs cakeless renew all every day')
    .option('--print', 'print the units; install nothing')
    .option('--dry-run', 'show what would be written and called; do nothing')
    .option('--remove', 'stop the timer and remove the units')
    .option('--replace', 'write over units that somebody changed')
    .option('--command <command>', 'how the unit calls cakeless (default: as this call was made)')
    .option('--unit-dir <dir>', 'where units go', '/etc/systemd/system')
    .action((options: TimerOptions) =>
      installTimer(options, {
        ...{ terminal, systemd: hostSystemd, settings: resolveSettings({}) },
        environmentFile: '/etc/kubernetes/cakeless.env',
      }),
    );
}

export async function installTimer(options: TimerOptions, world: TimerWorld): Promise<void> {
  const units = planUnits(options, world.settings);
  if (options.print) {
    for (const { file, text } of units) world.terminal.print(`# ${file}\n${text}`);
    return;
  }
  if (options.remove) return remove(options, world, units);
  checkTimerKnowsNode(world.settings.config, world.environmentFile);
  if (options.command === undefined) checkOwnFiles();
  if (!options.replace) checkNobodyChanged(units);
  return install(options, world, units);
}

function planUnits(
  { command = ownCommand(), unitDir }: TimerOptions,
  settings: NodeSettings,
): Unit[] {
  const texts = Object.entries(
    unitFiles({
      command,
      writable: writableFolders(settings),
      kubeconfigDir: resolve(settings.folders.kubeconfigDir),
    }),
  );
  return texts.map(([name, text]) => {
    const file = join(unitDir, name);
    return { file, text, state: unitState(file, text) };
  });
}

function checkNobodyChanged(units: readonly Unit[]): void {
  const changed = units.filter(({ state }) => state === 'changed-by-hand');
  if (changed.length === 0) return;
  throw new CommandError(
    'usage',
    `${changed.map(({ file }) => file).join(', ')}: somebody changed it; nothing was written`,
    '--replace writes over it; changes in a drop-in (systemctl edit) stay; --print shows the new text',
  );
}

const WOULD: Record<Exclude<UnitState, 'same'>, (file: string) => string> = {
  absent: (file) => `would write ${file}`,
  older: (file) => `would write over ${file}, which another install-timer wrote`,
  'changed-by-hand': (file) => `would write over ${file}, which somebody changed`,
};

async function install(
  { dryRun }: TimerOptions,
  { terminal, systemd }: TimerWorld,
  units: readonly Unit[],
): Promise<void> {
  for (const { file, text, state } of units) {
    if (state === 'same') terminal.progress(`${file} is there already`);
    else if (dryRun) terminal.print(WOULD[state](file));
    else {
      await writeDurably(file, markedUnit(text), UNIT_MODE);
      terminal.progress(`wrote ${file}`);
    }
  }
  await call(dryRun, { terminal, systemd }, [
    ['daemon-reload'],
    ['enable', AT_BOOT],
    ['enable', '--now', TIMER],
  ]);
  if (!dryRun && systemd.isRunning())
    terminal.print(`${TIMER} runs; systemctl list-timers ${TIMER} shows when`);
}

async function remove(
  { dryRun }: TimerOptions,
  { terminal, systemd }: TimerWorld,
  units: readonly Unit[],
): Promise<void> {
  const there = units.filter(({ state }) => state !== 'absent');
  if (there.length === 0) {
    terminal.print('there is no timer of Cakeless here');
    return;
  }
  await call(dryRun, { terminal, systemd }, [
    ['disable', '--now', TIMER],
    ['disable', AT_BOOT],
  ]);
  for (const { file } of there) {
    if (!dryRun) await removeDurably(file);
    terminal.print(`${dryRun ? 'would remove' : 'removed'} ${file}`);
  }
  await call(dryRun, { terminal, systemd }, [['daemon-reload']]);
}

/** Where systemd does not run, as in an image that is being made, the calls are left to whoever starts it. */
async function call(
  dryRun: boolean | undefined,
  { terminal, systemd }: Pick<TimerWorld, 'terminal' | 'systemd'>,
  calls: readonly (readonly string[])[],
): Promise<void> {
  for (const args of calls) {
    const words = `systemctl ${args.join(' ')}`;
    if (!systemd.isRunning()) terminal.progress(`systemd does not run here; later: ${words}`);
    else if (dryRun) terminal.print(`would call ${words}`);
    else await systemd.systemctl(...args);
  }
}

/** This program: a self-contained executable, or run by Node from its sources or its bundle. */
function ownCommand(): string {
  return ownFiles().map(commandWord).join(' -- ');
}

function ownFiles(): string[] {
  const [, script = ''] = process.argv;
  // npx and npm call a link in node_modules/.bin, which may go away with the next installation
  return isSea() ? [process.execPath] : [process.execPath, realpathSync(script)];
}

/** root will run it every day: from a user's home it would be that user's way to root. */
function checkOwnFiles(): void {
  for (const file of ownFiles()) {
    const loose = findWritableByOthers(file);
    if (loose !== undefined)
      throw new CommandError(
        'usage',
        `${file} would run as root every day, and others than root can change ${loose}`,
        'install cakeless where only root writes, such as /usr/local/lib, or say --command',
      );
  }
}
