/** The systemd of this machine. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Systemd {
  /** Whether systemd runs on this machine; sd_booted(3). */
  isRunning(): boolean;
  /** @throws Error with the message of systemctl */
  systemctl(...args: string[]): Promise<void>;
}

/** @param folder exists where systemd runs; @param program systemctl, or a substitute */
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
