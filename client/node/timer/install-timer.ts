/** Installs and removes the systemd units that renew this node automatically. */
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { isSea } from 'node:sea';
import { removeDurably, writeDurably } from '../../../lib/files/durable-file.ts';
import { findOpenPart } from '../../../lib/files/open-to-others.ts';
import { requireTrustedFile, requireTrustedFolder } from '../../../lib/files/trust.ts';
import { CommandError } from '../../errors.ts';
import { printText, type Terminal } from '../../terminal.ts';
import { type ExpiresWithin, LAST_THIRD, windowOf } from '../disk/expires-within.ts';
import type { Systemd } from '../restart/systemd.ts';
import { requireTrustedCredentials } from '../state/credentials.ts';
import type { NodeSettings } from '../state/settings.ts';
import {
  describeEveryRun,
  EVERY_DAY,
  type Interval,
  intervalFor,
  lifetimeWords,
  shortestLifetime,
} from './interval.ts';
import { markedUnit, type UnitState, unitState } from './marked-unit.ts';
import { programParts } from './program-parts.ts';
import { checkTimerKnowsNode, readUnitEnvironment } from './timer-environment.ts';
import { AT_BOOT, commandWord, TIMER, unitFiles } from './units.ts';
import { writableFolders } from './writable-folders.ts';

export interface TimerOptions {
  print?: boolean;
  dryRun?: boolean;
  remove?: boolean;
  replace?: boolean;
  command?: string;
  /** The last third of each lifetime by default. */
  ifExpiresWithin?: ExpiresWithin;
  unitDir: string;
}

export interface TimerDeps {
  readonly terminal: Terminal;
  readonly systemd: Systemd;
  readonly settings: NodeSettings;
  /** The EnvironmentFile= of the unit. */
  readonly environmentFile: string;
}

interface Unit {
  readonly file: string;
  readonly text: string;
  readonly state: UnitState;
}

const UNIT_MODE = 0o644;

export async function installTimer(options: TimerOptions, deps: TimerDeps): Promise<void> {
  const { ifExpiresWithin: rule = LAST_THIRD } = options;
  const shortest = shortestLifetime(deps.settings.folders);
  const interval = shortest ? intervalFor(windowOf(rule, shortest.seconds)) : EVERY_DAY;
  const units = planUnits(options, deps.settings, rule, interval);
  if (options.print) {
    for (const { file, text } of units) {
      deps.terminal.print(`# ${file}`);
      printText(deps.terminal.print, text);
      deps.terminal.print('');
    }
    return;
  }
  if (options.remove) return remove(options, deps, units);
  checkTimerKnowsNode(deps.settings.config, deps.environmentFile);
  requireTrustedInputs(deps);
  if (options.command === undefined) requireRootOwnedProgram();
  if (!options.replace) refuseChangedUnits(units);
  const everyRun = describeEveryRun(rule, shortest);
  if (everyRun !== undefined) deps.terminal.progress(everyRun);
  if (shortest)
    deps.terminal.progress(
      `the timer runs ${interval.words}: the shortest lifetime is that of ${shortest.name}, ${lifetimeWords(shortest.seconds)}`,
    );
  return install(options, deps, units);
}

function planUnits(
  { command = thisCommand(), unitDir }: TimerOptions,
  settings: NodeSettings,
  rule: ExpiresWithin,
  interval: Interval,
): Unit[] {
  const texts = Object.entries(
    unitFiles({
      command,
      expiresWithin: rule.text,
      interval,
      writable: writableFolders(settings),
      kubeconfigDir: resolve(settings.folders.kubeconfigDir),
    }),
  );
  return texts.map(([name, text]) => {
    const file = join(unitDir, name);
    return { file, text, state: unitState(file, text) };
  });
}

function refuseChangedUnits(units: readonly Unit[]): void {
  const changed = units.filter(({ state }) => state === 'changed-by-hand');
  if (changed.length === 0) return;
  throw new CommandError(
    'usage',
    `${changed.map(({ file }) => file).join(', ')}: changed by hand; nothing was written`,
    'use --replace to overwrite it; put your changes in a drop-in (systemctl edit), which is kept; --print shows the new text',
  );
}

const WOULD: Record<Exclude<UnitState, 'same'>, (file: string) => string> = {
  absent: (file) => `would write ${file}`,
  older: (file) => `would replace ${file}, which another version of install-timer wrote`,
  'changed-by-hand': (file) => `would replace ${file}, which was changed by hand`,
};

async function install(
  { dryRun }: TimerOptions,
  { terminal, systemd }: TimerDeps,
  units: readonly Unit[],
): Promise<void> {
  for (const { file, text, state } of units) {
    if (state === 'same') terminal.progress(`${file} is up to date`);
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
    terminal.print(`started ${TIMER}; systemctl list-timers ${TIMER} shows its next run`);
}

async function remove(
  { dryRun }: TimerOptions,
  { terminal, systemd }: TimerDeps,
  units: readonly Unit[],
): Promise<void> {
  const installed = units.filter(({ state }) => state !== 'absent');
  if (installed.length === 0) {
    terminal.print('no timer of Cakeless is installed');
    return;
  }
  await call(dryRun, { terminal, systemd }, [
    ['disable', '--now', TIMER],
    ['disable', AT_BOOT],
  ]);
  for (const { file } of installed) {
    if (!dryRun) await removeDurably(file);
    terminal.print(`${dryRun ? 'would remove' : 'removed'} ${file}`);
  }
  await call(dryRun, { terminal, systemd }, [['daemon-reload']]);
}

/** If systemd does not run, as while an image is built, the calls are only printed, for later. */
async function call(
  dryRun: boolean | undefined,
  { terminal, systemd }: Pick<TimerDeps, 'terminal' | 'systemd'>,
  calls: readonly (readonly string[])[],
): Promise<void> {
  for (const args of calls) {
    const words = `systemctl ${args.join(' ')}`;
    if (!systemd.isRunning()) terminal.progress(`systemd is not running; run later: ${words}`);
    else if (dryRun) terminal.print(`would call ${words}`);
    else await systemd.systemctl(...args);
  }
}

/** How to call this program: a self-contained executable, or Node with the source or the bundle. */
function thisCommand(): string {
  return programFiles().map(commandWord).join(' -- ');
}

function programFiles(): string[] {
  const [, script = ''] = process.argv;
  // npx and npm call a link in node_modules/.bin, which the next npm install may remove
  return isSea() ? [process.execPath] : [process.execPath, realpathSync(script)];
}

/** Each run checks them, too; this way the problem shows while a person is looking. */
function requireTrustedInputs({ settings: { folders, stateDir }, environmentFile }: TimerDeps) {
  for (const folder of [folders.kubeconfigDir, folders.certDir, stateDir])
    requireTrustedFolder(folder);
  requireTrustedFile(environmentFile);
  // systemd passes no HOME to the unit
  requireTrustedCredentials({ HOME: homeOfUser(), ...readUnitEnvironment(environmentFile) });
}

function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '/root'; // while an image is built, without /etc/passwd
  }
}

/** The unit runs as root: a program in a user's home would let that user become root. */
function requireRootOwnedProgram(): void {
  for (const file of programFiles().flatMap(programParts)) {
    const open = findOpenPart(file, { trusted: [0] })?.path;
    if (open !== undefined)
      throw new CommandError(
        'usage',
        `${file}: would run as root regularly, but users other than root can change ${open}`,
        'install cakeless where only root can write, such as /usr/local/lib, or use --command',
      );
  }
}
