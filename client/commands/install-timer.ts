/** `cakeless install-timer`: systemd units that renew this node by themselves. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { NODE_CONFIG_FILE, readNodeConfig } from '../node/node-config.ts';
import { unitFiles } from '../systemd/units.ts';
import { findWritableByOthers } from '../systemd/writable-by-others.ts';
import type { Terminal } from '../terminal.ts';

interface TimerOptions {
  print?: boolean;
  command?: string;
  unitDir: string;
}

const TIMER = 'cakeless-renew.timer';
const AT_BOOT = 'cakeless-return.service';
const UNIT_MODE = 0o644;
const run = promisify(execFile);

export function addInstallTimerCommand(program: Command, terminal: Terminal): void {
  program
    .command('install-timer')
    .description('install and start a systemd timer that runs cakeless renew all every day')
    .option('--print', 'print the units; install nothing')
    .option('--command <command>', 'how the unit calls cakeless (default: as this call was made)')
    .option('--unit-dir <dir>', 'where units go', '/etc/systemd/system')
    .action((options: TimerOptions) => installTimer(terminal, options));
}

async function installTimer(terminal: Terminal, options: TimerOptions): Promise<void> {
  const command = options.command ?? ownCommand();
  const units = Object.entries(unitFiles(command));
  if (options.print) {
    for (const [name, text] of units) terminal.print(`# ${name}\n${text}`);
    return;
  }
  checkConfig();
  if (options.command === undefined) checkOwnFiles();
  for (const [name, text] of units) {
    await writeDurably(join(options.unitDir, name), text, UNIT_MODE);
    terminal.progress(`wrote ${join(options.unitDir, name)}`);
  }
  if (!existsSync('/run/systemd/system')) {
    terminal.progress(
      `systemd does not run here; then: systemctl enable ${AT_BOOT}; systemctl enable --now ${TIMER}`,
    );
    return;
  }
  await run('systemctl', ['daemon-reload']);
  await run('systemctl', ['enable', AT_BOOT]);
  await run('systemctl', ['enable', '--now', TIMER]);
  terminal.print(
    'cakeless-renew.timer runs; systemctl list-timers cakeless-renew.timer shows when',
  );
}

/** A timer that does not know whose node it is would fail in the night. */
function checkConfig(): void {
  const { cluster, node, exchangeBucket } = existsSync(NODE_CONFIG_FILE)
    ? readNodeConfig(NODE_CONFIG_FILE)
    : {};
  const missing = Object.entries({ cluster, node, exchangeBucket })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  if (missing.length > 0)
    throw new CommandError(
      EXIT.usage,
      `${NODE_CONFIG_FILE} does not say ${missing.join(', ')}`,
      'the timer needs cluster, node, exchangeBucket and region there',
    );
}

/** This program: run by Node from its sources or its bundle, or by itself. */
function ownCommand(): string {
  return ownFiles().join(' -- ');
}

function ownFiles(): string[] {
  const script = process.argv[1];
  const isScript = script !== undefined && /\.m?[jt]s$/.test(script);
  return isScript ? [process.execPath, resolve(script)] : [process.execPath];
}

/** root will run it every day: from a user's home it would be that user's way to root. */
function checkOwnFiles(): void {
  for (const file of ownFiles()) {
    const loose = findWritableByOthers(file);
    if (loose !== undefined)
      throw new CommandError(
        EXIT.usage,
        `${file} would run as root every day, and others than root can change ${loose}`,
        'install cakeless where only root writes, such as /usr/local/lib, or say --command',
      );
  }
}
