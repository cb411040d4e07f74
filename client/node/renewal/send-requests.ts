/** Creates and uploads keys and CSRs for the certificates to renew, and resumes the requests of earlier runs. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { adopt, findStaged, stage } from '../csr/staging.ts';
import { placeOf } from '../disk/places.ts';
import { type CertificateInPlace, readPlace } from '../disk/read-place.ts';
import type { SkippedCertificate } from '../disk/select-names.ts';
import { newRequestId } from '../exchange/request-id.ts';
import { submit } from '../exchange/submit.ts';
import { isCreation } from './creation.ts';
import {
  desired,
  type RenewalDeps,
  type RenewalOptions,
  requireUsable,
  selectWanted,
} from './options.ts';
import { describeOtherNodes, refuseOtherNodesId, separateByNode } from './other-nodes-requests.ts';
import { type ClosedName, refuseUsedRequestId, uploadOrClose } from './request-id-taken.ts';
import { closeNames, listRequests, type OpenRequest, openRequest } from './request-journal.ts';

export interface SentRequests {
  readonly requests: readonly OpenRequest[];
  /** Whether this run uploaded a CSR. */
  readonly afterUpload: boolean;
  readonly skipped: readonly SkippedCertificate[];
  readonly closed: readonly ClosedName[];
  /** Requests that were kept, but not uploaded. */
  readonly notes: readonly string[];
}

/**
 * Uploads what has not been uploaded yet, including requests of earlier runs.
 * @param fresh names that this run has already renewed
 */
export async function sendRequests(
  deps: RenewalDeps,
  options: RenewalOptions,
  fresh: readonly CertificateName[],
): Promise<SentRequests> {
  const { stateDir } = deps;
  const isWanted = (name: CertificateName) =>
    options.names.includes('all') || options.names.includes(name);
  if (options.newRequest)
    for (const request of listRequests(stateDir))
      await closeNames(request, request.open.filter(isWanted));
  const { own: open, others } = separateByNode(listRequests(stateDir), options);
  const selection = selectWanted(deps, options);
  const known = new Set([...open.flatMap((request) => request.open), ...fresh]);
  const places = selection.present.filter(({ name }) => !known.has(name));
  if (places.length > 0) await openNewRequest(deps, options, places, others);
  const { own } = separateByNode(listRequests(stateDir), options);
  const requests: OpenRequest[] = [];
  const closed: ClosedName[] = [];
  const dropped: CertificateName[] = [];
  const checked = new Map(selection.present.map((place) => [place.name, place]));
  let afterUpload = false;
  const wanted = own.filter((one) => one.open.some(isWanted));
  const creations = wanted.filter((one) => isCreation(one, deps.folders));
  for (const request of wanted.filter((one) => !creations.includes(one))) {
    const uploaded = await upload(deps, options, request, checked);
    if (uploaded.remaining.open.length > 0) requests.push(uploaded.remaining);
    closed.push(...uploaded.closed);
    dropped.push(...uploaded.dropped);
    afterUpload ||= uploaded.hasUploaded;
  }
  return {
    requests,
    afterUpload,
    skipped: selection.skipped.filter(({ name }) => !known.has(name) || dropped.includes(name)),
    closed,
    notes: [
      ...others
        .filter((request) => request.open.some(isWanted))
        .map((request) => `${describeOtherNodes(request, options)}; it was not uploaded`),
      ...creations.map(
        ({ request, open }) =>
          `request ${request} for ${open.join()} is not finished; cakeless install-csrsigning continues it`,
      ),
    ],
  };
}

async function openNewRequest(
  deps: RenewalDeps,
  options: RenewalOptions,
  places: readonly CertificateInPlace[],
  others: readonly OpenRequest[],
): Promise<void> {
  const now = deps.clock.now();
  const { cluster, node, request = newRequestId(now) } = options;
  const names = places.map(({ name }) => name);
  refuseOtherNodesId(request, others, options);
  if (options.request !== undefined) {
    const place = { cluster, node, request };
    await refuseUsedRequestId(await deps.exchange(), place, names, options.csrDir);
  }
  await openRequest(deps.stateDir, {
    cluster,
    node,
    request,
    createdAt: now.toISOString(),
    open: names,
    replaces: Object.fromEntries(
      places.map(({ name, leaf }) => [name, leaf.fingerprint256] as const),
    ),
  });
}

/** @param checked usable certificates that were read just now, by name */
async function upload(
  deps: RenewalDeps,
  options: RenewalOptions,
  request: OpenRequest,
  checked: ReadonlyMap<CertificateName, CertificateInPlace>,
): Promise<Uploaded> {
  const places = request.open.map(
    (name) => checked.get(name) ?? readPlace(placeOf(name, deps.folders)),
  );
  const usable = places
    .filter((place) => place.state === 'present')
    .filter((place) => checked.has(place.name) || isUsable(request.folder, place, options));
  const dropped = request.open.filter((name) => !usable.some((place) => place.name === name));
  const left = dropped.length > 0 ? await closeNames(request, dropped) : request;
  if (left.open.length === 0) return { remaining: left, closed: [], dropped, hasUploaded: false };
  deps.onStep?.('keys');
  // the SDK is loaded while keys are generated and files are synced
  const opening = deps.exchange();
  opening.catch(() => undefined); // thrown below
  await stageAll(left.folder, usable, options);
  deps.onStep?.('upload');
  const exchange = await opening;
  // a timer's log does not need a line for each CSR that was uploaded before
  let hasUploaded = false;
  const uploaded = await uploadOrClose(left, async () => {
    const { requests } = await submit(exchange, deps.terminal, left.folder, left, {
      reportsOnlyNew: true,
    });
    hasUploaded = requests.some((one) => one.uploaded);
  });
  return { ...uploaded, dropped, hasUploaded };
}

interface Uploaded extends Awaited<ReturnType<typeof uploadOrClose>> {
  /** Names whose current certificates were moved away, or can no longer be requested. */
  readonly dropped: readonly CertificateName[];
  readonly hasUploaded: boolean;
}

/** A CSR that is staged needs nothing more. */
function isUsable(folder: string, place: CertificateInPlace, options: RenewalOptions): boolean {
  if (findStaged(folder, place.name)) return true;
  try {
    requireUsable(place, options);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/** A CSR that is staged under a request may have been uploaded: it stays, whatever the options are now. */
async function stageAll(
  folder: string,
  places: readonly CertificateInPlace[],
  options: RenewalOptions,
): Promise<void> {
  const missing: CertificateInPlace[] = [];
  for (const place of places.filter(({ name }) => !findStaged(folder, name)))
    if (options.csrDir === undefined || !(await adopt(folder, options.csrDir, place.name)))
      missing.push(place);
  await stage(
    folder,
    missing.map((place) => desired(place, options)),
  );
}
