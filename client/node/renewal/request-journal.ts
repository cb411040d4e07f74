/**
 * What this node has requested and not yet installed: `requests/<request id>/` with a journal, the keys and the CSRs. The
 * journal is written before the first upload, so that an interrupted run is resumed and nothing is requested twice.
 */
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder } from '../../../lib/files/durable-file.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { Journals } from '../state/journals.ts';

const requestSchema = z.object({
  schema: z.literal(1),
  cluster: z.string(),
  node: z.string(),
  request: z.string(),
  createdAt: z.string(),
  /** Requested, but neither installed nor rejected. */
  open: z.array(z.enum(CERTIFICATE_NAMES)),
  /** SHA-256 fingerprints of the certificates to replace, by name. */
  replaces: z.optional(z.record(z.string(), z.string())),
});

export interface OpenRequest extends z.infer<typeof requestSchema> {
  readonly folder: string;
}

const journalsIn = (root: string) => new Journals(root, 'request.json', requestSchema);
const journalsOf = (stateDir: string) => journalsIn(join(stateDir, 'requests'));

export async function openRequest(
  stateDir: string,
  request: Omit<OpenRequest, 'folder' | 'schema'>,
): Promise<OpenRequest> {
  const journals = journalsOf(stateDir);
  const folder = journals.folderOf(request.request);
  const known = journals.read(request.request);
  const open = [...new Set([...(known?.open ?? []), ...request.open])];
  const replaces = { ...known?.replaces, ...request.replaces };
  await makeFolder(folder);
  return save({ schema: 1, ...request, open, replaces, folder });
}

/** Oldest first. */
export function listRequests(stateDir: string): OpenRequest[] {
  return journalsOf(stateDir)
    .entries()
    .map(({ folder, journal }) => ({ ...journal, folder }))
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Removes names from a request, and its folder with the keys when no name is left. */
export async function closeNames(
  request: OpenRequest,
  names: readonly CertificateName[],
): Promise<OpenRequest> {
  const { folder } = request;
  const open = request.open.filter((name) => !names.includes(name));
  if (open.length > 0) return save({ ...request, open });
  await journalsIn(dirname(folder)).remove([basename(folder)]);
  return { ...request, open };
}

/** Closes names in every request in which they are open. */
export async function closeAll(stateDir: string, names: readonly CertificateName[]): Promise<void> {
  for (const request of listRequests(stateDir))
    if (request.open.some((name) => names.includes(name))) await closeNames(request, names);
}

/** Removes folders that a killed run created or removed only in part. */
export async function sweepRequests(stateDir: string): Promise<void> {
  const journals = journalsOf(stateDir);
  const isSettled = (id: string) => (journals.read(id)?.open ?? []).length === 0;
  await journals.remove(journals.ids().filter(isSettled));
}

async function save(request: OpenRequest): Promise<OpenRequest> {
  const { folder, ...document } = request;
  await journalsIn(dirname(folder)).write(basename(folder), document);
  return request;
}
