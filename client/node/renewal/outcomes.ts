/** Waits for the outcomes of this node's requests, and reads them. */
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import { findStaged, type Staged } from '../csr/staging.ts';
import { type Explanation, explainEach } from '../exchange/outcome-documents.ts';
import { type Outcome, readOutcomes } from '../exchange/outcomes.ts';
import { pollOutcomes } from '../exchange/poll-outcomes.ts';
import { type PublishedBundle, readBundle } from '../trust/read-bundle.ts';
import type { OpenRequest } from './request-journal.ts';

/** The outcome of one certificate name, as read from the bucket. */
export interface RenewalOutcome {
  readonly name: CertificateName;
  readonly request: OpenRequest;
  readonly state: Outcome['state'];
  readonly staged: Staged | undefined;
  /** If it was issued. */
  readonly chainPem?: string;
  readonly trustDomain?: string;
  readonly violations?: Explanation['violations'];
  readonly waitingFor?: string;
  /** Why its explanation cannot be shown. */
  readonly problems?: readonly string[];
  /** If it waits for an approver. */
  readonly requestKey?: string;
}

export interface WaitOptions {
  readonly seconds: number;
  /** Whether to wait for approvals, too. */
  readonly forApprovals: boolean;
  readonly clock: Clock;
}

export async function awaitOutcomes(
  exchange: ObjectStore,
  terminal: Terminal,
  requests: readonly OpenRequest[],
  { seconds, forApprovals, clock }: WaitOptions,
): Promise<RenewalOutcome[]> {
  const found = await pollOutcomes({ clock, terminal }, { seconds, forApprovals }, async () =>
    (await Promise.all(requests.map((r) => openOutcomes(exchange, r)))).flat(),
  );
  return Promise.all(found.map((one) => readOutcome(exchange, one)));
}

interface OpenOutcome extends Outcome {
  readonly name: CertificateName;
  readonly request: OpenRequest;
}

async function openOutcomes(exchange: ObjectStore, request: OpenRequest): Promise<OpenOutcome[]> {
  const outcomes = await readOutcomes(exchange, request);
  return request.open.flatMap((name) => {
    const outcome = outcomes.find(({ path }) => certificateNameOf(`${path}.csr`) === name);
    return outcome ? [{ ...outcome, name, request }] : [];
  });
}

async function readOutcome(
  exchange: ObjectStore,
  { name, request, state, key, requestKey }: OpenOutcome,
): Promise<RenewalOutcome> {
  const staged = findStaged(request.folder, name);
  const about = { name, request, state, staged };
  if (key === undefined || state === 'no-outcome') return { ...about, state: 'no-outcome' };
  if (state === 'issued') {
    const object = await exchange.get(key, LIMITS.maxObjectBytes);
    const chainPem = Buffer.from(object?.body ?? '').toString('latin1');
    return { ...about, chainPem, trustDomain: trustDomainOfCertificate(object?.metadata ?? {}) };
  }
  const explanation = await explainEach(exchange, { state, key });
  return { ...about, ...explanation, ...(state === 'pending' && { requestKey }) };
}

/** What the service publishes for the CAs of these certificates. */
export async function readPublishedBundles(
  exchange: ObjectStore,
  issued: readonly RenewalOutcome[],
): Promise<Map<CaName, PublishedBundle>> {
  const bundles = new Map<CaName, PublishedBundle>();
  for (const { name, trustDomain = '' } of issued) {
    const { ca } = profileOf(name);
    if (!bundles.has(ca)) bundles.set(ca, await readBundle(exchange, trustDomain, ca));
  }
  return bundles;
}
