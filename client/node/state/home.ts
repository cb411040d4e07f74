/**
 * Where files are that a node remembers. The folder of the kubeconfigs, which has the state of Cakeless in it, may be copied,
 * moved, or restored from a backup, perhaps on another machine. What is remembered in it is about files of the folder that it
 * is in; about files elsewhere, such as the kubelet's certificate, only where it was written.
 */
import { dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import * as z from 'zod/mini';
import { CommandError } from '../../errors.ts';
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { readMachineId } from './machine-id.ts';

/** Folders with links resolved; the last two as files are recorded. */
export const homeSchema = z.object({
  machine: z.optional(z.string()),
  kubeconfigDir: z.string(),
  certDir: z.string(),
  kubeletDir: z.optional(z.string()),
});

export type Home = z.infer<typeof homeSchema>;

export function homeOf({ kubeconfigDir, certDir, kubeletDir }: NodeFolders): Home {
  const machine = readMachineId();
  const home = { kubeconfigDir: resolvedPath(kubeconfigDir) };
  const file = (folder: string) => recordedFile(resolvedPath(folder), home);
  return {
    ...(machine !== undefined && { machine }),
    ...home,
    certDir: file(certDir),
    ...(kubeletDir !== undefined && { kubeletDir: file(kubeletDir) }),
  };
}

/**
 * Relative to the folder of the kubeconfigs; absolute for a file that is elsewhere.
 * @param path with links resolved
 */
export function recordedFile(path: string, { kubeconfigDir }: Pick<Home, 'kubeconfigDir'>): string {
  const file = relative(kubeconfigDir, path);
  return isOutside(file) ? path : file;
}

const isOutside = (file: string) =>
  isAbsolute(file) || file === '..' || file.startsWith(`..${sep}`);

const isIn = (folder: string) => (path: string) => !isOutside(relative(folder, path));

export interface RememberedFile {
  /** As it was recorded. */
  readonly file: string;
  /** A symbolic link that is replaced, and not followed. */
  readonly isLink?: boolean;
}

export interface Remembered<T extends RememberedFile> {
  /** Such as `installation 20260101t000000z`. */
  readonly what: string;
  /** Where it is remembered. */
  readonly folder: string;
  readonly home: Home;
  readonly files: readonly T[];
}

/**
 * The paths of remembered files on this node. Nothing else may turn what was recorded into a path.
 * @throws CommandError if one of them is not a file of this node
 */
export function ownFiles<T extends RememberedFile>(
  { what, folder, home, files }: Remembered<T>,
  folders: NodeFolders,
): (T & { readonly path: string })[] {
  const here = homeOf(folders);
  const found = files.map((one) => {
    const path = isAbsolute(one.file) ? one.file : join(here.kubeconfigDir, one.file);
    return { ...one, path };
  });
  const isElsewhere = home.kubeconfigDir !== here.kubeconfigDir || home.machine !== here.machine;
  const isLinked = isElsewhere && !isIn(here.kubeconfigDir)(resolvedPath(folder));
  const foreign = [
    ...(isLinked ? [`${folder}: is outside ${here.kubeconfigDir}, and of another folder`] : []),
    ...found.flatMap((one) => {
      const why = whyForeign(one, home, here);
      return why === undefined ? [] : [`${one.path}: ${why}`];
    }),
  ];
  if (foreign.length === 0) return found;
  throw new CommandError(
    'check-failed',
    [
      `${what} was prepared for ${home.kubeconfigDir}, and names files that it may not change from here; nothing was changed:`,
      ...foreign,
    ],
    `run the command on the machine and with the folders for which it was prepared; if they no longer exist, put the files in place by hand, and remove ${folder}`,
  );
}

/** Why this node may not change the file; undefined if it may. */
function whyForeign(
  { file, path, isLink = false }: RememberedFile & { readonly path: string },
  home: Home,
  here: Home,
): string | undefined {
  if (normalize(file) !== file || isOutside(file) !== isAbsolute(file) || file === '')
    return 'is not a plain path';
  if (isAbsolute(file) && home.kubeconfigDir !== here.kubeconfigDir)
    return `is outside ${here.kubeconfigDir}`;
  if (isAbsolute(file) && home.machine !== here.machine)
    return `is outside ${here.kubeconfigDir}, and was changed on another machine`;
  for (const one of ['certDir', 'kubeletDir'] as const) {
    const [before, now] = [home[one], here[one]];
    if (before !== undefined && before !== now && isOf(before, file))
      return `is in ${before}, but ${OPTIONS[one]} is now ${now ?? 'not set'}`;
  }
  const folder = dirname(path);
  const reaches = isIn(isAbsolute(file) ? folder : here.kubeconfigDir);
  return resolvedPath(folder) === folder && (isLink || reaches(resolvedPath(path)))
    ? undefined
    : 'a link leads elsewhere';
}

const OPTIONS = { certDir: '--cert-dir', kubeletDir: '--kubelet-dir' } as const;

/** Both are absolute, or relative to the same folder. */
const isOf = (folder: string, file: string) =>
  isAbsolute(folder) === isAbsolute(file) && isIn(join('/', folder))(join('/', file));
