/**
 * The journal of an installation, and the folders that contain it: `journal.json`, the new contents in `new/` and the
 * old ones in `old/`. Once the journal exists, the installation can be finished or undone from its folder, even if the
 * process was killed. The folder stays as the backup for `cakeless rollback`.
 */
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { readFile } from '../../../lib/files/read-file.ts';
import { CA_NAMES, CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { COMPONENTS } from '../disk/components.ts';
import { type RecordedChange, recordedChangeSchema } from '../disk/file-change.ts';
import { compactTime } from '../exchange/request-id.ts';
import { homeSchema } from '../state/home.ts';
import { Journals } from '../state/journals.ts';

const journalSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  /** Grows with each installation: dates can go backwards when someone corrects the clock. */
  sequence: z.optional(z.number()),
  /** The certificates that it replaces. */
  names: z.array(z.enum(CERTIFICATE_NAMES)),
  /** Kubeconfigs in which it replaces only the CA data, with other certificates. */
  caData: z.optional(z.array(z.enum(CERTIFICATE_NAMES))),
  /** CAs whose files get other certificates, not only another order. */
  cas: z.array(z.enum(CA_NAMES)),
  /** The trust domain whose certificates it installs, if it is known. */
  trustDomain: z.optional(z.string()),
  startedAt: z.string(),
  /**
   * prepared: files may have changed. applied: all files have. done: the components that use them have read them.
   * undoing: the old files are being restored. undone: they are restored.
   */
  phase: z.enum(['prepared', 'applied', 'done', 'undoing', 'undone']),
  /** Components that still have to be restarted, and those that were. */
  restarts: z.array(z.enum(COMPONENTS)),
  restarted: z.array(z.enum(COMPONENTS)),
  /** Components that were unhealthy before: if one of them still is, that is no reason to undo the installation. */
  unhealthyBefore: z.optional(z.array(z.enum(COMPONENTS))),
  /** Why it was undone. */
  reason: z.optional(z.string()),
  /** Where it was prepared. */
  home: homeSchema,
  changes: z.array(recordedChangeSchema),
});

export type Journal = z.infer<typeof journalSchema>;

/** As it is recorded, perhaps by another machine, or for another folder from which it was copied. */
export interface RecordedInstallation {
  readonly folder: string;
  readonly journal: Journal;
}

/** One of this node: see `own-installation.ts`. */
export interface Installation extends RecordedInstallation {
  readonly changes: readonly RecordedChange[];
}

/** How many installations are kept as backups. */
const KEPT = 3;

const journalsIn = (root: string) => new Journals(root, 'journal.json', journalSchema);
const journalsOf = (stateDir: string) => journalsIn(join(stateDir, 'installations'));

/** The folder, the id and the sequence number of a new installation. */
export function nextInstallation(stateDir: string, now: Date) {
  const id = nextId(stateDir, now);
  return { id, folder: journalsOf(stateDir).folderOf(id), sequence: nextSequence(stateDir) };
}

/** The time, with a number appended if another installation started in the same second. */
function nextId(stateDir: string, now: Date): string {
  const time = compactTime(now);
  const taken = journalsOf(stateDir)
    .ids()
    .filter((id) => id.startsWith(time));
  return taken.length === 0 ? time : `${time}-${taken.length + 1}`;
}

/** Unique, because the last installation is never removed. */
function nextSequence(stateDir: string): number {
  const last = listInstallations(stateDir).at(-1);
  return last ? sequenceOf(last) + 1 : 1;
}

const sequenceOf = ({ journal: { sequence = 0 } }: RecordedInstallation) => sequence;

/** Changes the journal, durably. */
export async function record<T extends RecordedInstallation>(
  installation: T,
  change: Partial<Journal>,
): Promise<T> {
  const { folder, journal } = installation;
  const changed = { ...journal, ...change };
  await journalsIn(dirname(folder)).write(basename(folder), changed);
  return { ...installation, journal: changed };
}

/** All installations that have a journal, oldest first. A folder without one never changed a file. */
export function listInstallations(stateDir: string): RecordedInstallation[] {
  return journalsOf(stateDir)
    .entries()
    .map(({ folder, journal }) => ({ folder, journal: { ...journal, id: basename(folder) } }))
    .sort((a, b) => sequenceOf(a) - sequenceOf(b));
}

/** Removes all except the newest installations, and folders without a journal. */
export async function pruneInstallations(stateDir: string): Promise<void> {
  const journals = journalsOf(stateDir);
  const kept = new Set(
    listInstallations(stateDir)
      .slice(-KEPT)
      .map(({ journal }) => journal.id),
  );
  await journals.remove(journals.ids().filter((id) => !kept.has(id)));
}

/** The old or new content of a changed file; undefined if the file did not exist. */
export function contentOf(
  { folder, changes }: Installation,
  change: RecordedChange,
  version: 'old' | 'new',
): Buffer | undefined {
  if (version === 'old' && change.before === null) return undefined;
  return readFile(join(folder, version, String(changes.indexOf(change)))).bytes;
}
