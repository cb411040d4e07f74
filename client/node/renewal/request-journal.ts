/**
 * What this node has asked for and not yet installed: `requests/<request id>/` with a journal, the keys and the CSRs.
 * The journal is there before the first upload, so a run that was cut off is gone on with and nothing is asked twice.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder, syncFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { CommandError, EXIT } from '../../exit-codes.ts';
import { currentContent } from '../install/file-change.ts';

const requestSchema = z.object({
  schema: z.literal(1),
  cluster: z.string(),
  node: z.string(),
  request: z.string(),
  createdAt: z.string(),
  /** Asked for, and neither installed nor rejected. */
  open: z.array(z.enum(CERTIFICATE_NAMES)),
});

export interface OpenRequest extends z.infer<typeof requestSchema> {
  readonly folder: string;
}

export async function openRequest(
  stateDir: string,
  request: Omit<OpenRequest, 'folder' | 'schema'>,
): Promise<OpenRequest> {
  const folder = join(root(stateDir), request.request);
  const known = readRequest(folder);
  const open = [...new Set([...(known?.open ?? []), ...request.open])];
  await makeFolder(folder);
  return save({ schema: 1, ...request, open, folder });
}

/** Oldest first. */
export function listRequests(stateDir: string): OpenRequest[] {
  return foldersIn(root(stateDir))
    .map((name) => readRequest(join(root(stateDir), name)))
    .filter((request) => request !== undefined)
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Takes names off; when none is left the folder with its keys goes. */
export async function closeNames(
  request: OpenRequest,
  names: readonly CertificateName[],
): Promise<OpenRequest> {
  const open = request.open.filter((name) => !names.includes(name));
  if (open.length > 0) return save({ ...request, open });
  await removeRequest(request.folder);
  return { ...request, open };
}

/** Folders that a killed run did not finish making or removing. */
export async function sweepRequests(stateDir: string): Promise<void> {
  for (const name of foldersIn(root(stateDir))) {
    const folder = join(root(stateDir), name);
    const request = readRequest(folder);
    if (!request || request.open.length === 0) await removeRequest(folder);
  }
}

async function removeRequest(folder: string): Promise<void> {
  // the journal goes first: a folder without one means nothing
  rmSync(join(folder, 'request.json'), { force: true });
  rmSync(folder, { recursive: true, force: true });
  await syncFolder(join(folder, '..'));
}

async function save(request: OpenRequest): Promise<OpenRequest> {
  const { folder, ...document } = request;
  await writeDurably(join(folder, 'request.json'), `${JSON.stringify(document, null, 2)}\n`);
  return request;
}

function readRequest(folder: string): OpenRequest | undefined {
  const text = currentContent(join(folder, 'request.json'), false);
  if (text === undefined) return undefined;
  const result = requestSchema.safeParse(JSON.parse(text));
  if (result.success) return { ...result.data, folder };
  throw new CommandError(EXIT.failure, `${folder}/request.json is not a journal of this version`);
}

const root = (stateDir: string) => join(stateDir, 'requests');

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
