/** What a unit runs and reads as root: its program, its configuration and its credentials. */
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isSea } from 'node:sea';
import { findOpenPart } from '../../../lib/files/open-to-others.ts';
import { requireTrustedFile, requireTrustedFolder } from '../../../lib/files/trust.ts';
import { CommandError } from '../../errors.ts';
import { requireTrustedCredentials } from '../state/credentials.ts';
import type { NodeSettings } from '../state/settings.ts';
import { programParts } from './program-parts.ts';
import { readUnitEnvironment } from './unit-environment.ts';
import { commandWord } from './unit-words.ts';

/** How to call this program: a self-contained executable, or Node with the source or the bundle. */
export function thisCommand(): string {
  return programFiles().map(commandWord).join(' -- ');
}

function programFiles(): string[] {
  const [, script = ''] = process.argv;
  // npx and npm call a link in node_modules/.bin, which the next npm install may remove
  return isSea() ? [process.execPath] : [process.execPath, realpathSync(script)];
}

/** Each run checks them, too; this way the problem shows while a person is looking. */
export function requireTrustedInputs(
  { folders, stateDir }: NodeSettings,
  environmentFile: string,
): void {
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

/**
 * The unit runs as root: a program in a user's home would let that user become root.
 * @param when it would run: `regularly`
 */
export function requireRootOwnedProgram(when: string): void {
  for (const file of programFiles().flatMap(programParts)) {
    const open = findOpenPart(file, { trusted: [0] })?.path;
    if (open !== undefined)
      throw new CommandError(
        'usage',
        `${file}: would run as root ${when}, but users other than root can change ${open}`,
        'install cakeless where only root can write, such as /usr/local/lib, or use --command',
      );
  }
}
