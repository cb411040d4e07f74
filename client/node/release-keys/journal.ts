/**
 * What a release of CA keys has done, and what `--undo` needs: the manifest before and after, the flags, and which keys
 * were where. It never contains a key.
 */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder } from '../../../lib/files/durable-file.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { compactTime } from '../exchange/request-id.ts';
import { Journals } from '../state/journals.ts';

const journalSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  startedAt: z.string(),
  /**
   * prepared: the manifest may have changed. quiet: kube-controller-manager runs and no longer signs. removing: keys may
   * have been removed. done: they are. undoing: keys and manifest are being restored. undone: nothing is left to undo.
   */
  phase: z.enum(['prepared', 'quiet', 'removing', 'done', 'undoing', 'undone']),
  /** Absent if the flags were empty already. */
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

export type ReleaseJournal = z.infer<typeof journalSchema>;
export type RecordedKey = ReleaseJournal['keys'][number];

/** Whether keys may be gone: then nothing but their files brings them back. */
export const isRemoving = ({ phase }: ReleaseJournal): boolean => phase === 'removing';

const journalsOf = (stateDir: string) =>
  new Journals(join(stateDir, 'release-keys'), 'journal.json', journalSchema);

/** The last one that was not undone. */
export const lastRelease = (stateDir: string): ReleaseJournal | undefined =>
  journalsOf(stateDir)
    .entries()
    .map(({ journal }) => journal)
    .filter(({ phase }) => phase !== 'undone')
    .at(-1);

/** One that can be resumed. */
export function openRelease(stateDir: string): ReleaseJournal | undefined {
  const last = lastRelease(stateDir);
  return last?.phase === 'done' ? undefined : last;
}

export function newRelease(
  stateDir: string,
  now: Date,
): Pick<ReleaseJournal, 'schema' | 'id' | 'startedAt'> {
  const time = compactTime(now);
  const taken = journalsOf(stateDir)
    .ids()
    .filter((id) => id.startsWith(time));
  // so that the ids sort by time
  const id = taken.length === 0 ? time : `${time}-${String(taken.length + 1).padStart(3, '0')}`;
  return { schema: 1, id, startedAt: now.toISOString() };
}

/** Durable on return. */
export async function recordRelease(
  stateDir: string,
  journal: ReleaseJournal,
  change: Partial<ReleaseJournal> = {},
): Promise<ReleaseJournal> {
  const changed = { ...journal, ...change };
  const journals = journalsOf(stateDir);
  await makeFolder(journals.folderOf(journal.id));
  await journals.write(journal.id, changed);
  return changed;
}
