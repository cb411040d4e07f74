/** The steps of `cakeless prepare`: keys and CSRs, upload, wait, trust, check, write, then the checks of kubeadm. */
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { makeFolder } from '../../../lib/files/durable-file.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import { fileOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { type Outcome, outcomeOf } from '../exchange/outcomes.ts';
import { pollOutcomes, waitOf } from '../exchange/poll-outcomes.ts';
import { withRunLock } from '../state/run-lock.ts';
import type { TrustedCa } from '../trust/first-trust.ts';
import { completeRequest } from './keys-and-csrs.ts';
import { nextCommand } from './next-command.ts';
import { type PlannedCertificate, planCertificates } from './plan.ts';
import { findPreflightProblems, type PreflightProblem } from './preflight.ts';
import type {
  Preparation,
  PreparationDeps,
  PreparationOptions,
  PreparedCertificate,
} from './preparation.ts';
import { receiveAll } from './receive-all.ts';
import { prepareServiceAccountKey } from './service-account.ts';
import { sweepLeftovers } from './sweep-leftovers.ts';
import { preparedOutcomes, type UploadedRequest, uploadRequests } from './upload-requests.ts';

interface ReportedCa extends Pick<TrustedCa, 'ca' | 'file' | 'sha256' | 'trustedBy'> {
  /** The file with what is above it, if this run has written that. */
  readonly chain?: string;
}

export interface Prepared {
  readonly certificates: readonly PreparedCertificate[];
  readonly trust: readonly ReportedCa[];
  /** Why the CAs are not trusted; then nothing from them is written. */
  readonly trustProblems: readonly string[];
  /** Why kubelet-ca, or what is above a CA, which kubeadm does not need, is not written. */
  readonly trustNotes: readonly string[];
  /** What became of sa.key; absent on workers. */
  readonly serviceAccountKey?: string;
  /** What kubeadm would fail on, in its order. */
  readonly preflightProblems: readonly PreflightProblem[];
  /** The command to run next; only if nothing is left to do. */
  readonly next?: string;
}

/** @throws CommandError if another run is in progress on this node */
export async function prepareNode(
  { terminal, clock, exchange }: PreparationDeps,
  options: PreparationOptions,
): Promise<Prepared> {
  const { config, folders } = options;
  await makeFolder(folders.certDir); // one of the locks is in it
  return withRunLock(folders, async () =>
    run({
      ...options,
      terminal,
      clock,
      exchange: await exchange(),
      planned: planCertificates(config, folders, options.csrsigning),
    }),
  );
}

async function run(preparation: Preparation): Promise<Prepared> {
  const { config, folders, planned, terminal, clock, saKeyFrom } = preparation;
  await sweepLeftovers(planned, folders);
  const serviceAccountKey =
    config.role === 'worker'
      ? undefined
      : await prepareServiceAccountKey(config, folders.certDir, saKeyFrom);
  const ready = await mapSideBySide(
    planned.filter(({ isInPlace }) => !isInPlace),
    (item) => completeRequest(item, config),
  );
  for (const { name, isFound } of ready)
    terminal.progress(`${isFound ? 'found' : 'created'} the CSR of ${name}`);
  const { requests, afterUpload } = await uploadRequests(preparation, ready);
  const outcomes = await pollRequests(preparation, requests, afterUpload);
  const received = await receiveAll(preparation, requests, outcomes);
  const { results, trust, trustProblems, trustNotes } = received;
  const preflightProblems = findPreflightProblems(config, folders, clock.now());
  const isDone =
    preflightProblems.length === 0 &&
    trustProblems.length === 0 &&
    results.every(({ state }) => state === 'written');
  return {
    certificates: [...planned.filter(({ isInPlace }) => isInPlace).map(reportInPlace), ...results],
    trust: trust.map(({ ca, file, sha256, trustedBy, chain }) => ({
      ...{ ca, file, sha256, trustedBy },
      ...(chain && { chain: chain.file }),
    })),
    trustProblems,
    trustNotes,
    ...(serviceAccountKey && { serviceAccountKey }),
    preflightProblems,
    ...(isDone && { next: nextCommand(config, folders) }),
  };
}

function reportInPlace({ name, place }: PlannedCertificate): PreparedCertificate {
  const found = readPlace(place);
  return {
    name,
    file: fileOf(place),
    state: 'existing',
    ...(found.state === 'present' && { notAfter: isoDate(found.leaf.validTo) }),
  };
}

/** One outcome for each request, in their order. */
async function pollRequests(
  { exchange, cluster, config, clock, terminal, waitSeconds }: Preparation,
  requests: readonly UploadedRequest[],
  afterUpload: boolean,
): Promise<readonly Outcome[]> {
  if (requests.length === 0) return [];
  return pollOutcomes({ clock, terminal }, { ...waitOf(waitSeconds), afterUpload }, async () => {
    const found = await preparedOutcomes(exchange, { cluster, node: config.nodeName });
    return requests.map(({ name, requestKey }) => ({ name, ...outcomeOf(requestKey, found) }));
  });
}
