import { hostSystemd } from '../node/restart/systemd.ts';
import { CAKELESS_ENV } from '../node/state/config-files.ts';
import { resolveSettings } from '../node/state/settings.ts';
import { installTimer, type TimerOptions } from '../node/timer/install-timer.ts';
import type { Terminal } from '../terminal.ts';

export function installTimerHere(terminal: Terminal, options: TimerOptions): Promise<void> {
  return installTimer(options, {
    terminal,
    systemd: hostSystemd,
    settings: resolveSettings({}),
    environmentFile: CAKELESS_ENV,
  });
}
