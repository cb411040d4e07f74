/** Installs and removes the systemd units that renew this node automatically. */
import { resolve } from 'node:path';
import { type ExpiresWithin, LAST_THIRD, windowOf } from '../disk/expires-within.ts';
import type { NodeSettings } from '../state/settings.ts';
import {
  planUnits,
  printUnits,
  refuseChangedUnits,
  stopAndRemove,
  type UnitSet,
  type UnitsDeps,
  type UnitsOptions,
  writeAndStart,
} from '../units/install-units.ts';
import {
  requireRootOwnedProgram,
  requireTrustedInputs,
  thisCommand,
} from '../units/trusted-inputs.ts';
import { checkUnitKnowsNode } from '../units/unit-environment.ts';
import {
  describeEveryRun,
  EVERY_DAY,
  type Interval,
  intervalFor,
  lifetimeWords,
  shortestLifetime,
} from './interval.ts';
import { AT_BOOT, TIMER, unitFiles } from './units.ts';
import { writableFolders } from './writable-folders.ts';

export interface TimerOptions extends UnitsOptions {
  /** The last third of each lifetime by default. */
  ifExpiresWithin?: ExpiresWithin;
}

export interface TimerDeps extends UnitsDeps {
  readonly settings: NodeSettings;
  /** The EnvironmentFile= of the unit. */
  readonly environmentFile: string;
}

export async function installTimer(options: TimerOptions, deps: TimerDeps): Promise<void> {
  const { ifExpiresWithin: rule = LAST_THIRD, unitDir } = options;
  const { terminal, settings, environmentFile } = deps;
  const shortest = shortestLifetime(settings.folders);
  const interval = shortest ? intervalFor(windowOf(rule, shortest.seconds)) : EVERY_DAY;
  const set = unitsOf(options, settings, rule, interval);
  const units = planUnits(set, unitDir);
  if (options.print) return printUnits(terminal, units);
  if (options.remove)
    return stopAndRemove(set, units, options, deps, 'no timer of Cakeless is installed');
  checkUnitKnowsNode(settings.config, environmentFile);
  requireTrustedInputs(settings, environmentFile);
  if (options.command === undefined) requireRootOwnedProgram('regularly');
  if (!options.replace) refuseChangedUnits(units);
  const everyRun = describeEveryRun(rule, shortest);
  if (everyRun !== undefined) terminal.progress(everyRun);
  if (shortest)
    terminal.progress(
      `the timer runs ${interval.words}: the shortest lifetime is that of ${shortest.name}, ${lifetimeWords(shortest.seconds)}`,
    );
  if (await writeAndStart(set, units, options, deps))
    terminal.print(`started ${TIMER}; systemctl list-timers ${TIMER} shows its next run`);
}

function unitsOf(
  { command = thisCommand() }: TimerOptions,
  settings: NodeSettings,
  rule: ExpiresWithin,
  interval: Interval,
): UnitSet {
  return {
    writer: 'install-timer',
    texts: unitFiles({
      command,
      expiresWithin: rule.text,
      interval,
      writable: writableFolders(settings),
      kubeconfigDir: resolve(settings.folders.kubeconfigDir),
    }),
    start: [
      ['enable', AT_BOOT],
      ['enable', '--now', TIMER],
    ],
    stop: [
      ['disable', '--now', TIMER],
      ['disable', AT_BOOT],
    ],
  };
}
