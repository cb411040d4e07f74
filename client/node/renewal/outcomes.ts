/** Waits for the outcomes of this node's requests, and reads them. */
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { requestKey } from '../../../lib/contract/request-key.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { findStaged, type Staged, stagedPath } from '../csr/staging.ts';
import { type Explanation, explainEach } from '../exchange/outcome-documents.ts';
import { type Outcome, outcomeKeysUnder, outcomeOf } from '../exchange/outcomes.ts';
import { pollOutcomes, type Wait } from '../exchange/poll-outcomes.ts';
import type { RenewalDeps } from './options.ts';
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

export async function awaitOutcomes(
  deps: RenewalDeps,
  exchange: ObjectStore,
  requests: readonly OpenRequest[],
  wait: Wait,
): Promise<RenewalOutcome[]> {
  deps.onStep?.('wait');
  const certificates = new Map<string, Promise<RenewalOutcome>>();
  const readEarly = (one: OpenOutcome) => {
    if (one.state !== 'issued' || certificates.has(one.requestKey)) return;
    const read = readOutcome(exchange, one);
    read.catch(() => undefined); // thrown below
    certificates.set(one.requestKey, read);
  };
  const found = await pollOutcomes(deps, wait, async () => {
    const all = (await Promise.all(requests.map((r) => openOutcomes(exchange, r)))).flat();
    for (const one of all) readEarly(one); // while waiting for the others: a certificate is final
    return all;
  });
  deps.onStep?.('fetch');
  const read = found.map((one) => certificates.get(one.requestKey) ?? readOutcome(exchange, one));
  return Promise.all(read);
}

interface OpenOutcome extends Outcome {
  readonly name: CertificateName;
  readonly request: OpenRequest;
}

/** Only outcomes are listed: what was requested is known. */
async function openOutcomes(exchange: ObjectStore, request: OpenRequest): Promise<OpenOutcome[]> {
  const { cluster, node, request: requestId } = request;
  const found = await outcomeKeysUnder(exchange, request, requestId);
  return request.open.map((name) => {
    const key = requestKey({ cluster, node, requestId, path: stagedPath(name) });
    return { ...outcomeOf(key, found), name, request };
  });
}

async function readOutcome(
  exchange: ObjectStore,
  { name, request, state, key, requestKey: ownKey }: OpenOutcome,
): Promise<RenewalOutcome> {
  const staged = findStaged(request.folder, name);
  const about = { name, request, state, staged };
  if (key === undefined || state === 'no-outcome') return { ...about, state: 'no-outcome' };
  if (state === 'issued') {
    const object = await exchange.get(key, LIMITS.maxOutcomeBytes);
    const chainPem = Buffer.from(object?.body ?? '').toString('latin1');
    return { ...about, chainPem, trustDomain: trustDomainOfCertificate(object?.metadata ?? {}) };
  }
  const explanation = await explainEach(exchange, { state, key });
  return { ...about, ...explanation, ...(state === 'pending' && { requestKey: ownKey }) };
}

/** The trust domains that issued certificates name, by their CA. */
export function trustDomainsOf(issued: readonly RenewalOutcome[]): ReadonlyMap<CaName, string> {
  const trustDomains = new Map<CaName, string>();
  for (const { name, trustDomain = '' } of issued) {
    const { ca } = profileOf(name);
    if (!trustDomains.has(ca)) trustDomains.set(ca, trustDomain);
  }
  return trustDomains;
}
