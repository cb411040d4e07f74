/**
 * One change of many files, all or none. The folder of an installation holds `journal.json`, the new contents in
 * `new/` and the old ones in `old/`; once the journal is there the change can be finished or undone from it, whatever
 * happened to the process. Its own folder stays as the backup for `cakeless rollback`.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component } from '../disk/components.ts';
import {
  currentBytes,
  digestOf,
  type FileChange,
  type RecordedChange,
  recordedChangeSchema,
  statIfThere,
} from '../disk/file-change.ts';
import { compactTime } from '../exchange/request-id.ts';
import { Journals } from '../state/journals.ts';
import { putInPlace } from './put-in-place.ts';

const journalSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  /** Grows with each installation: dates go back when somebody sets the clock right. Absent: from before it was counted. */
  sequence: z.optional(z.number()),
  /** Which certificates became new. */
  names: z.array(z.enum(CERTIFICATE_NAMES)),
  /** Whether CA files were changed with them. */
  caChanged: z.boolean(),
  startedAt: z.string(),
  /**
   * prepared: files may be changed. applied: all are. done: what reads them has them. undoing: the old ones go back.
   * undone: they are back.
   */
  phase: z.enum(['prepared', 'applied', 'done', 'undoing', 'undone']),
  /** Components that are still to be restarted, and those that were. */
  restarts: z.array(z.enum(COMPONENTS)),
  restarted: z.array(z.enum(COMPONENTS)),
  /** Components that were not healthy before: that one of them still is not is no reason to undo it. */
  unwellBefore: z.optional(z.array(z.enum(COMPONENTS))),
  /** Why it was undone. */
  reason: z.optional(z.string()),
  changes: z.array(recordedChangeSchema),
});

export type Journal = z.infer<typeof journalSchema>;

export interface Installation {
  readonly folder: string;
  readonly journal: Journal;
}

export interface InstallationPlan {
  readonly names: Journal['names'];
  readonly caChanged: boolean;
  readonly changes: readonly FileChange[];
  readonly restarts: readonly Component[];
  readonly unwellBefore?: readonly Component[];
}

const KEPT = 3;

/**
 * Writes the contents, old and new, and then the journal: from here on it is finished or undone.
 * @throws CommandError if a file is not any more what its new content was worked out from; nothing is changed then
 */
export async function prepareInstallation(
  stateDir: string,
  plan: InstallationPlan,
  now: Date,
): Promise<Installation> {
  const id = nextId(stateDir, now);
  const folder = journalsOf(stateDir).folderOf(id);
  await makeFolder(join(folder, 'new'));
  await makeFolder(join(folder, 'old'));
  const changes: RecordedChange[] = [];
  for (const [i, { content, before, ...change }] of plan.changes.entries()) {
    await writeDurably(join(folder, 'new', String(i)), content);
    if (before !== undefined) await writeDurably(join(folder, 'old', String(i)), before);
    const modeBefore = change.isLink ? change.mode : modeOf(change);
    const digest = before === undefined ? null : digestOf(before);
    changes.push({ ...change, before: digest, after: digestOf(content), modeBefore });
  }
  refuseOutdated(plan.changes);
  const { names, caChanged, restarts, unwellBefore = [] } = plan;
  const journal: Journal = {
    ...{ schema: 1, id, sequence: nextSequence(stateDir), startedAt: now.toISOString() },
    ...{ names, caChanged, phase: 'prepared' },
    ...{ restarts: [...restarts], restarted: [], unwellBefore: [...unwellBefore], changes },
  };
  return record({ folder, journal }, {});
}

function refuseOutdated(changes: readonly FileChange[]): void {
  const outdated = changes.filter(({ path, isLink, before }) => {
    const now = currentBytes(path, isLink);
    return now && before ? !now.equals(before) : now !== before;
  });
  if (outdated.length === 0) return;
  throw new CommandError(
    'failure',
    `somebody else just changed ${outdated.map(({ path }) => path).join(', ')}; nothing was changed here`,
    'run the same command again',
  );
}

const modeOf = ({ path, mode }: { path: string; mode: number }) =>
  (statIfThere(path)?.mode ?? mode) & 0o777;

/** Makes every file new. Can be called again after any interruption. */
export async function applyInstallation(installation: Installation): Promise<Installation> {
  refuseStrangers(installation);
  await putInPlace(installation, 'new');
  return record(installation, { phase: 'applied' });
}

/** Makes every file old again. Can be called again after any interruption. */
export async function undoInstallation(
  installation: Installation,
  reason: string,
): Promise<Installation> {
  const undoing = await record(installation, { phase: 'undoing', reason });
  await putInPlace(undoing, 'old');
  return undoing;
}

/** Changes the journal, durably. */
export async function record(
  { folder, journal }: Installation,
  change: Partial<Journal>,
): Promise<Installation> {
  const changed = { ...journal, ...change };
  await journalsIn(dirname(folder)).write(journal.id, changed);
  return { folder, journal: changed };
}

/** All that have a journal, in the order in which they were made. A folder without one never touched a file. */
export function listInstallations(stateDir: string): Installation[] {
  const journals = journalsOf(stateDir);
  return journals
    .ids()
    .flatMap((id) => {
      const journal = journals.read(id);
      return journal ? [{ folder: journals.folderOf(id), journal }] : [];
    })
    .sort((a, b) => sequenceOf(a) - sequenceOf(b));
}

const sequenceOf = ({ journal: { sequence = 0 } }: Installation) => sequence;

/** The last one is never removed, so none comes twice. */
function nextSequence(stateDir: string): number {
  const last = listInstallations(stateDir).at(-1);
  return last ? sequenceOf(last) + 1 : 1;
}

/** Removes what is older than the last few, and folders that never got a journal. */
export async function pruneInstallations(stateDir: string): Promise<void> {
  const journals = journalsOf(stateDir);
  const kept = listInstallations(stateDir).slice(-KEPT);
  const names = new Set(kept.map(({ journal }) => journal.id));
  await journals.remove(journals.ids().filter((id) => !names.has(id)));
}

function refuseStrangers({ folder, journal }: Installation): void {
  const strange = journal.changes.filter(({ path, isLink, before, after }) => {
    const now = currentBytes(path, isLink);
    const digest = now === undefined ? null : digestOf(now);
    return digest !== before && digest !== after;
  });
  if (strange.length === 0) return;
  throw new CommandError(
    'failure',
    `somebody else changed ${strange.map(({ path }) => path).join(', ')} while an installation was under way`,
    `the contents before and after it are in ${folder}; cakeless rollback --force puts the old ones back`,
  );
}

const journalsIn = (root: string) => new Journals(root, 'journal.json', journalSchema);
const journalsOf = (stateDir: string) => journalsIn(join(stateDir, 'installations'));

/** Tells when; two in one second are told apart. */
function nextId(stateDir: string, now: Date): string {
  const time = compactTime(now);
  const taken = journalsOf(stateDir)
    .ids()
    .filter((id) => id.startsWith(time));
  return taken.length === 0 ? time : `${time}-${taken.length + 1}`;
}

/** The content of a change as the installation keeps it; undefined where nothing stood. */
export function contentOf(
  { folder, journal }: Installation,
  change: RecordedChange,
  version: 'old' | 'new',
): Buffer | undefined {
  if (version === 'old' && change.before === null) return undefined;
  return readFileSync(join(folder, version, String(journal.changes.indexOf(change))));
}
