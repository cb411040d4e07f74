/**
 * The processes that started with the CA certificates that are in their files now. The times of the files alone do not show
 * that: a rotation changes the order of the certificates in them, and kubeconfigs get new client certificates, and neither
 * requires a restart. Nor does the clock, if it was wrong when they changed. An entry counts only for the same processes: they
have read this set of certificates, and no other.
 */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { readTextIfThere } from '../../read-text.ts';

const startSchema = z.object({
  component: z.string(),
  /** As `findRunning` names them. */
  processes: z.array(z.string()),
  /** Digest of the CA certificates in its files. */
  certificates: z.string(),
  /** When those were written. */
  filesChangedAt: z.string(),
});
const schema = z.object({ starts: z.array(startSchema) });

export type KnownStart = z.infer<typeof startSchema>;

const fileIn = (stateDir: string) => join(stateDir, 'component-starts.json');

export async function rememberStarts(
  stateDir: string,
  starts: readonly KnownStart[],
): Promise<void> {
  await makeFolder(stateDir);
  await writeDurably(fileIn(stateDir), `${JSON.stringify({ starts })}\n`, 0o600);
}

/** Empty if nothing is remembered, or the file cannot be read. */
export function recallStarts(stateDir: string): readonly KnownStart[] {
  try {
    const text = readTextIfThere(fileIn(stateDir));
    return text === undefined ? [] : (schema.safeParse(JSON.parse(text)).data?.starts ?? []);
  } catch {
    return [];
  }
}

type Start = Omit<KnownStart, 'filesChangedAt'>;

export const isSameStart = (one: Start, other: Start): boolean =>
  isSameProcess(one, other) && one.certificates === other.certificates;

/** Whichever certificates were in its files when it started. */
export const isSameProcess = (one: Start, other: Start): boolean =>
  one.component === other.component && one.processes.join() === other.processes.join();
