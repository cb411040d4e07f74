/**
 * What a release of CA keys has done, and what `--undo` needs: the manifest before and after, the flags, and which keys
 * were where. It never contains a key.
 */
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder } from '../../../lib/files/durable-file.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { compactTime } from '../exchange/request-id.ts';
import { homeOf, homeSchema, ownFiles, recordedFile } from '../state/home.ts';
import { Journals } from '../state/journals.ts';

const journalSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  home: homeSchema,
  startedAt: z.string(),
  /**
   * prepared: the manifest may have changed. quiet: kube-controller-manager runs and no longer signs. removing: keys may
   * have been removed. done: they are. undoing: keys and manifest are being restored. undone: nothing is left to undo.
   */
  phase: z.enum(['prepared', 'quiet', 'removing', 'done', 'undoing', 'undone']),
  /** Absent if the flags were empty already. Its file is recorded as those of the keys. */
  manifest: z.optional(
    z.object({
      file: z.string(),
      mode: z.number(),
      uid: z.number(),
      gid: z.number(),
      /** Base64. */
      before: z.string(),
      after: z.string(),
    }),
  ),
  /** Signing flags that had a value. */
  flags: z.array(z.object({ name: z.string(), value: z.string() })),
  keys: z.array(
    z.object({
      ca: z.enum(CA_NAMES),
      /** As `recordedFile` records it. */
      file: z.string(),
      /** SHA-256 of the public key. */
      publicKey: z.string(),
      mode: z.number(),
      uid: z.number(),
      gid: z.number(),
    }),
  ),
  /** The kubelet's certificate that a forwarder was seen to deliver, or why none was needed. */
  forwarder: z.optional(z.string()),
  sealed: z.optional(z.object({ file: z.string(), sha256: z.string(), recipient: z.string() })),
  /** Why it was undone. */
  reason: z.optional(z.string()),
});

type StoredJournal = z.infer<typeof journalSchema>;

/** Its files are paths on this node. */
export type ReleaseJournal = Omit<StoredJournal, 'home'>;
export type RecordedKey = ReleaseJournal['keys'][number];

/** Whether keys may be gone: then nothing but their files brings them back. */
export const isRemoving = ({ phase }: ReleaseJournal): boolean => phase === 'removing';

const journalsOf = (folders: NodeFolders) =>
  new Journals(join(stateDirOf(folders), 'release-keys'), 'journal.json', journalSchema);

const lastStored = (folders: NodeFolders) =>
  journalsOf(folders)
    .entries()
    .filter(({ journal: { phase } }) => phase !== 'undone')
    .at(-1);

/** The last one that was not undone. @throws CommandError if it names files that are not of this node */
export function lastRelease(folders: NodeFolders): ReleaseJournal | undefined {
  const last = lastStored(folders);
  return last && onThisNode(last, folders);
}

/** One that can be resumed. @throws CommandError if it names files that are not of this node */
export function openRelease(folders: NodeFolders): ReleaseJournal | undefined {
  const last = lastStored(folders);
  return last && last.journal.phase !== 'done' ? onThisNode(last, folders) : undefined;
}

function onThisNode(
  { folder, journal: { home, ...journal } }: { folder: string; journal: StoredJournal },
  folders: NodeFolders,
): ReleaseJournal {
  const id = basename(folder);
  const own = <T extends { readonly file: string }>(files: readonly T[]) =>
    ownFiles({ what: `the release of CA keys ${id}`, folder, home, files }, folders);
  const keys = own(journal.keys).map(({ path, ...key }) => ({ ...key, file: path }));
  const [manifest] = own(journal.manifest ? [journal.manifest] : []);
  return {
    ...{ ...journal, id, keys },
    ...(manifest && { manifest: { ...manifest, file: manifest.path } }),
  };
}

export function newRelease(
  folders: NodeFolders,
  now: Date,
): Pick<ReleaseJournal, 'schema' | 'id' | 'startedAt'> {
  const time = compactTime(now);
  const taken = journalsOf(folders)
    .ids()
    .filter((id) => id.startsWith(time));
  // so that the ids sort by time
  const id = taken.length === 0 ? time : `${time}-${String(taken.length + 1).padStart(3, '0')}`;
  return { schema: 1, id, startedAt: now.toISOString() };
}

/** Durable on return. */
export async function recordRelease(
  folders: NodeFolders,
  journal: ReleaseJournal,
  change: Partial<ReleaseJournal> = {},
): Promise<ReleaseJournal> {
  const changed = { ...journal, ...change };
  const home = homeOf(folders);
  const stored = <T extends { readonly file: string }>(one: T): T => ({
    ...one,
    file: recordedFile(resolvedPath(one.file), home),
  });
  const { keys, manifest } = changed;
  const journals = journalsOf(folders);
  await makeFolder(journals.folderOf(journal.id));
  await journals.write(journal.id, {
    ...changed,
    home,
    keys: keys.map(stored),
    ...(manifest && { manifest: stored(manifest) }),
  });
  return changed;
}
