/** Writes, starts, stops and removes the systemd units of this node that Cakeless created. */
import { join } from 'node:path';
import { removeDurably, writeDurably } from '../../../lib/files/durable-file.ts';
import { CommandError } from '../../errors.ts';
import { printText, type Terminal } from '../../terminal.ts';
import type { Systemd } from '../restart/systemd.ts';
import { markedUnit, type UnitState, type UnitWriter, unitState } from './marked-unit.ts';

/** Options of every command that installs units. */
export interface UnitsOptions {
  print?: boolean;
  dryRun?: boolean;
  remove?: boolean;
  replace?: boolean;
  command?: string;
  unitDir: string;
}

export interface UnitsDeps {
  readonly terminal: Terminal;
  readonly systemd: Systemd;
}

/** The units of one command. */
export interface UnitSet {
  readonly writer: UnitWriter;
  /** By file name. */
  readonly texts: Readonly<Record<string, string>>;
  /** What systemctl is called with after the units are written, and before they are removed. */
  readonly start: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
}

export interface PlannedUnit {
  readonly file: string;
  readonly text: string;
  readonly state: UnitState;
}

const UNIT_MODE = 0o644;

export const planUnits = ({ texts, writer }: UnitSet, unitDir: string): PlannedUnit[] =>
  Object.entries(texts).map(([name, text]) => {
    const file = join(unitDir, name);
    return { file, text, state: unitState(file, text, writer) };
  });

export function printUnits({ print }: Terminal, units: readonly PlannedUnit[]): void {
  for (const { file, text } of units) {
    print(`# ${file}`);
    printText(print, text);
    print('');
  }
}

export function refuseChangedUnits(units: readonly PlannedUnit[]): void {
  const changed = units.filter(({ state }) => state === 'changed-by-hand');
  if (changed.length === 0) return;
  throw new CommandError(
    'usage',
    `${changed.map(({ file }) => file).join(', ')}: changed by hand; nothing was written`,
    'use --replace to overwrite it; put your changes in a drop-in (systemctl edit), which is kept; --print shows the new text',
  );
}

type Written = Exclude<UnitState, 'same'>;

const WOULD: Record<Written, (file: string, writer: UnitWriter) => string> = {
  absent: (file) => `would write ${file}`,
  older: (file, writer) => `would replace ${file}, which another version of ${writer} wrote`,
  'changed-by-hand': (file) => `would replace ${file}, which was changed by hand`,
};

/** @returns whether systemd started them */
export async function writeAndStart(
  { writer, start }: UnitSet,
  units: readonly PlannedUnit[],
  { dryRun }: UnitsOptions,
  deps: UnitsDeps,
): Promise<boolean> {
  const { terminal, systemd } = deps;
  for (const { file, text, state } of units) {
    if (state === 'same') terminal.progress(`${file} is up to date`);
    else if (dryRun) terminal.print(WOULD[state](file, writer));
    else {
      await writeDurably(file, markedUnit(text, writer), UNIT_MODE);
      terminal.progress(`wrote ${file}`);
    }
  }
  await call(dryRun, deps, [['daemon-reload'], ...start]);
  return !dryRun && systemd.isRunning();
}

/** @param absent printed if none of the units is installed */
export async function stopAndRemove(
  { stop }: UnitSet,
  units: readonly PlannedUnit[],
  { dryRun }: UnitsOptions,
  deps: UnitsDeps,
  absent: string,
): Promise<void> {
  const { terminal } = deps;
  const installed = units.filter(({ state }) => state !== 'absent');
  if (installed.length === 0) {
    terminal.print(absent);
    return;
  }
  await call(dryRun, deps, stop);
  for (const { file } of installed) {
    if (!dryRun) await removeDurably(file);
    terminal.print(`${dryRun ? 'would remove' : 'removed'} ${file}`);
  }
  await call(dryRun, deps, [['daemon-reload']]);
}

/** If systemd does not run, as while an image is built, the calls are only printed, for later. */
async function call(
  dryRun: boolean | undefined,
  { terminal, systemd }: UnitsDeps,
  calls: readonly (readonly string[])[],
): Promise<void> {
  for (const args of calls) {
    const words = `systemctl ${args.join(' ')}`;
    if (!systemd.isRunning()) terminal.progress(`systemd is not running; run later: ${words}`);
    else if (dryRun) terminal.print(`would call ${words}`);
    else await systemd.systemctl(...args);
  }
}
