/** The home folder, which may not exist. */
import { homedir } from 'node:os';

/** The SDK looks for ~/.aws, and fails if there is neither HOME nor a line in /etc/passwd, as in a bare container. */
export function ensureHome(): void {
  try {
    homedir();
  } catch {
    process.env.HOME = '/';
  }
}
