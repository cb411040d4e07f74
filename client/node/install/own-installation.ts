/** An installation of this node, with the files that it changes here: see `state/home.ts`. */
import { join } from 'node:path';
import { CommandError } from '../../errors.ts';
import { digestOf, type RecordedChange, statIfThere } from '../disk/file-change.ts';
import type { NodeFolders } from '../disk/places.ts';
import { ownFiles } from '../state/home.ts';
import { contentOf, type Installation, type RecordedInstallation } from './journal.ts';

/** @throws CommandError if it names files that are not of this node, or if its contents are incomplete */
export function ownInstallation(
  { folder, journal }: RecordedInstallation,
  folders: NodeFolders,
): Installation {
  const { id, home, changes: files } = journal;
  const changes = ownFiles({ what: `installation ${id}`, folder, home, files }, folders);
  const installation = { folder, journal, changes };
  refuseIncomplete(installation);
  return installation;
}

/** Before the first file changes: someone may have deleted a part of the folder, or a backup may lack it. */
function refuseIncomplete(installation: Installation): void {
  const { folder, journal, changes } = installation;
  const wrong = changes.flatMap((change, i) =>
    (['old', 'new'] as const)
      .filter((version) => !hasContent(installation, change, version))
      .map((version) => join(folder, version, String(i))),
  );
  if (wrong.length === 0) return;
  throw new CommandError(
    'check-failed',
    [
      `installation ${journal.id} is incomplete; nothing was changed:`,
      ...wrong.map((file) => `${file}: is missing, or is not what the journal records`),
    ],
    `restore these files from a backup, or remove ${folder} and run cakeless renew all`,
  );
}

function hasContent(
  installation: Installation,
  change: RecordedChange,
  version: 'old' | 'new',
): boolean {
  const expected = version === 'old' ? change.before : change.after;
  if (expected === null) return true;
  const file = join(installation.folder, version, String(installation.changes.indexOf(change)));
  if (statIfThere(file) === undefined) return false;
  const content = contentOf(installation, change, version);
  return content !== undefined && digestOf(content) === expected;
}
