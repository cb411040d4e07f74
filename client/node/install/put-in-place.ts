/**
 * Installs the new files of an installation, or restores the old ones.
 *
 * A certificate and its key are two files, and no rename replaces two at once. So the files of one folder that change
 * together become links for a moment, `apiserver.crt -> .cakeless-current/apiserver.crt`, first to the old contents; one
 * rename of the link `.cakeless-current` switches all of them; then they become plain files again. A reader always sees
 * pairs that match, even if this process is killed. The links are relative and stay inside the folder, so that they also
 * work in a container that mounts it.
 */
import { basename, dirname, join } from 'node:path';
import { Folder, inFolder } from '../../../lib/files/folder.ts';
import { currentBytes, type RecordedChange } from '../disk/file-change.ts';
import { contentOf, type Installation } from './journal.ts';

type Version = 'old' | 'new';

/** Can be called again after any interruption, for the same version or for the other one. */
export async function putInPlace(installation: Installation, version: Version): Promise<void> {
  const { changes } = installation;
  for (const [path, members] of groupByFolder(changes.filter(({ together }) => together)))
    await inFolder(path, 'any', (folder) => switchTogether(installation, folder, members, version));
  // the kubelet's new PEM file is created before the link to it, and removed after it
  const alone = changes.filter(({ together }) => !together);
  const [files, links] = [alone.filter((c) => !c.isLink), alone.filter((c) => c.isLink)];
  for (const group of version === 'new' ? [files, links] : [links, files])
    for (const [path, members] of groupByFolder(group))
      await inFolder(path, 'any', (folder) => placeAll(installation, folder, members, version));
  for (const [path, members] of groupByFolder(changes))
    await inFolder(path, 'any', async (folder) => {
      for (const name of [...members.map(nameOf), CURRENT]) await folder.sweep(name);
    });
}

function groupByFolder(changes: readonly RecordedChange[]): Map<string, RecordedChange[]> {
  const groups = new Map<string, RecordedChange[]>();
  for (const change of changes) {
    const folder = dirname(change.path);
    groups.set(folder, [...(groups.get(folder) ?? []), change]);
  }
  return groups;
}

const CURRENT = '.cakeless-current';
const folderOf = (version: Version) => `.cakeless-${version}`;
const WORK_FOLDERS = [folderOf('old'), folderOf('new')];
const nameOf = ({ path }: RecordedChange) => basename(path);

async function switchTogether(
  installation: Installation,
  folder: Folder,
  members: readonly RecordedChange[],
  version: Version,
): Promise<void> {
  if (!folder.stat(CURRENT)) {
    if (members.every((change) => isInPlace(installation, folder, change, version)))
      return cleanUp(folder);
    await fillFolders(installation, folder, members);
    await folder.link(CURRENT, folderOf(version === 'new' ? 'old' : 'new'));
  }
  if (folder.linkTarget(CURRENT) !== folderOf(version)) {
    const plain = members.map(nameOf).filter((name) => !isLink(folder, name));
    await folder.together(plain.map((name) => () => folder.link(name, `${CURRENT}/${name}`)));
    await folder.link(CURRENT, folderOf(version));
  }
  await placeAll(installation, folder, members, version);
  await folder.remove(CURRENT);
  await cleanUp(folder);
}

/**
 * The folders of the contents belong to this process, even if the folder around them belongs to another user: a folder
 * that is handed over could be one that the other user put there. The files have their own owners and modes.
 */
async function fillFolders(
  installation: Installation,
  folder: Folder,
  members: readonly RecordedChange[],
): Promise<void> {
  for (const version of ['old', 'new'] as const) {
    const inner = await folder.ownFolder(folderOf(version));
    try {
      await inner.together(
        members.map((change) => async () => {
          const content = contentOf(installation, change, version);
          if (content !== undefined)
            await inner.write(nameOf(change), content, modeFor(change, version), change);
        }),
      );
    } finally {
      inner.close();
    }
  }
}

/** Changes that do not depend on each other. */
const placeAll = (
  installation: Installation,
  folder: Folder,
  members: readonly RecordedChange[],
  version: Version,
) =>
  folder.together(
    members
      .filter((change) => !isInPlace(installation, folder, change, version))
      .map((change) => () => place(installation, folder, change, version)),
  );

async function place(
  installation: Installation,
  folder: Folder,
  change: RecordedChange,
  version: Version,
): Promise<void> {
  const [name, content] = [nameOf(change), contentOf(installation, change, version)];
  if (content === undefined) return folder.remove(name);
  if (change.isLink) return folder.link(name, content.toString());
  await folder.write(name, content, modeFor(change, version), change);
}

const modeFor = ({ mode, modeBefore }: RecordedChange, version: Version) =>
  version === 'new' ? mode : modeBefore;

/** A plain file that this module replaced with a link is not in its place yet. */
function isInPlace(
  installation: Installation,
  folder: Folder,
  change: RecordedChange,
  version: Version,
): boolean {
  if (!change.isLink && isLink(folder, nameOf(change))) return false;
  const [is, wanted] = [
    currentBytes(change.path, change.isLink),
    contentOf(installation, change, version),
  ];
  return is && wanted ? is.equals(wanted) : is === wanted;
}

const isLink = (folder: Folder, name: string) => folder.stat(name)?.isSymbolicLink() === true;

/** A link, file or folder of another user that has the name of a work folder is left alone. */
async function cleanUp(folder: Folder): Promise<void> {
  const own = WORK_FOLDERS.filter((name) => folder.hasOwnFolder(name));
  if (own.length > 0) await folder.together(own.map((name) => () => folder.removeOwnFolder(name)));
}

/** Why the files of a folder cannot be replaced together: undefined if they can. */
export function findObstacle(path: string): string | undefined {
  const folder = Folder.open(path, 'any');
  try {
    const taken = WORK_FOLDERS.find((name) => folder.stat(name) && !folder.hasOwnFolder(name));
    return taken && `${join(path, taken)}: exists, but Cakeless did not create it: move it away`;
  } finally {
    folder.close();
  }
}
