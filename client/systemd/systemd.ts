/** The systemd of this machine. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Systemd {
  /** Whether it runs here at all; sd_booted(3). */
  isRunning(): boolean;
  /** @throws Error with the words of systemctl */
  systemctl(...args: string[]): Promise<void>;
}

/** @param folder is there where systemd runs; @param program in the place of systemctl */
export const systemdAt = (folder: string, program = 'systemctl'): Systemd => ({
  isRunning: () => existsSync(folder),
  systemctl: async (...args) => {
    try {
      await run(program, args);
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string };
      throw new Error(`systemctl ${args.join(' ')}: ${stderr.trim() || message}`);
    }
  },
});

export const hostSystemd = systemdAt('/run/systemd/system');
