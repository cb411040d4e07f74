/**
 * Receives the outcomes of the requests of `cakeless prepare`: decides whether the CAs are trusted, checks each
 * certificate against its CA, and only then writes the CAs and the certificates.
 */

import { createPublicKey } from 'node:crypto';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { shortRequestKey } from '../../../lib/contract/request-key.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { LIMITS } from '../../../lib/limits.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { StoredObject } from '../../../lib/store/object-store.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import { fileOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { explainEach } from '../exchange/outcome-documents.ts';
import type { Outcome } from '../exchange/outcomes.ts';
import { checkCertificate } from '../trust/check-certificate.ts';
import type { TrustedCa } from '../trust/first-trust.ts';
import { isOptional } from '../trust/optional-ca.ts';
import { leadsTo, presentedBy } from '../trust/signer.ts';
import { decideTrust } from './decide-trust.ts';
import type { PlannedCertificate } from './plan.ts';
import type { Preparation, PreparedCertificate } from './preparation.ts';
import type { UploadedRequest } from './upload-requests.ts';
import { writeCa, writeCertificate } from './write-certificate.ts';
import { fileExists } from './write-file.ts';

export interface Reception {
  readonly results: readonly PreparedCertificate[];
  /** The CAs that are trusted and on disk. */
  readonly trust: readonly TrustedCa[];
  readonly trustProblems: readonly string[];
  readonly trustNotes: readonly string[];
}

/** An issued certificate that passed all checks and is not written yet. */
interface Checked {
  readonly item: UploadedRequest;
  readonly pem: string;
}

/**
 * Nothing is written unless all CAs that the node needs are trusted. A CA is written only if a certificate of this node
 * chains to it: the bucket's ca.crt could be a different CA that is also trusted. No certificate of the node chains to
 * `kubelet-ca`: it is written if `ca` is.
 * @param outcomes of the requests, in their order
 */
export async function receiveAll(
  preparation: Preparation,
  requests: readonly UploadedRequest[],
  outcomes: readonly Outcome[],
): Promise<Reception> {
  const { exchange, config, planned } = preparation;
  const objects = await Promise.all(
    outcomes.map(async ({ state, key }) =>
      state === 'issued' && key ? exchange.get(key, LIMITS.maxOutcomeBytes) : undefined,
    ),
  );
  const domains = objects.flatMap((one) => (one ? [trustDomainOfCertificate(one.metadata)] : []));
  const { trusted, problems, notes } = await decideTrust(preparation, new Set(domains));
  const isTrusted = problems.length === 0;
  const received = await Promise.all(
    requests.map(async (item, i): Promise<Checked | PreparedCertificate> => {
      const outcome = outcomes[i] ?? { state: 'no-outcome', key: undefined };
      return outcome.state === 'issued' && !isTrusted
        ? { ...about(item), state: 'check-failed', problems: ['its CA is not trusted'] }
        : receiveOne(preparation, item, outcome, objects[i], trusted);
    }),
  );
  const checked = received.filter((one) => 'pem' in one);
  const isOnDiskOrProven = (one: TrustedCa): boolean =>
    fileExists(one.file) ||
    (isOptional(one.ca)
      ? trusted.some((other) => other.ca === 'ca' && isOnDiskOrProven(other))
      : isProven(one, checked, planned));
  const trust = isTrusted ? trusted.filter(isOnDiskOrProven) : [];
  await mapSideBySide(trust, writeCa);
  const caBundle = trust.find(({ ca }) => ca === 'ca')?.bundle ?? '';
  const results = await mapSideBySide(received, async (one) =>
    'pem' in one ? write(one, caBundle, config) : one,
  );
  return { results, trust, trustProblems: problems, trustNotes: notes };
}

/** By a certificate of this run, or by one that already existed. */
function isProven(
  { ca, bundle }: TrustedCa,
  checked: readonly Checked[],
  planned: readonly PlannedCertificate[],
): boolean {
  if (checked.some(({ item }) => profileOf(item.name).ca === ca)) return true;
  return planned
    .filter(({ name, isInPlace }) => isInPlace && profileOf(name).ca === ca)
    .map(({ place }) => readPlace(place))
    .some((place) => place.state === 'present' && leadsTo(presentedBy(place), bundle));
}

const about = ({ name, place, requestKey }: UploadedRequest) => ({
  name,
  file: fileOf(place),
  request: shortRequestKey(requestKey),
});

async function receiveOne(
  { exchange, clock }: Preparation,
  item: UploadedRequest,
  outcome: Pick<Outcome, 'state' | 'key'>,
  certificate: StoredObject | undefined,
  trusted: readonly TrustedCa[],
): Promise<Checked | PreparedCertificate> {
  const { state } = outcome;
  if (state === 'rejected' || state === 'pending')
    return { ...about(item), state, ...(await explainEach(exchange, outcome)) };
  if (state !== 'issued' || !certificate) return { ...about(item), state: 'no-outcome' };
  const profile = profileOf(item.name);
  const { request } = readRequest(item.csr);
  if (!request) throw new Error(`the CSR of ${item.name} can no longer be read`);
  const pem = Buffer.from(certificate.body).toString('latin1');
  const problems = checkCertificate(pem, {
    profile,
    request,
    key: createPublicKey(item.privateKey),
    trustBundle: trusted.find(({ ca }) => ca === profile.ca)?.bundle ?? '',
    now: clock.now(),
  });
  return problems.length > 0 ? { ...about(item), state: 'check-failed', problems } : { item, pem };
}

async function write(
  { item, pem }: Checked,
  caBundle: string,
  config: KubeadmConfig,
): Promise<PreparedCertificate> {
  const notAfter = await writeCertificate(item, pem, caBundle, config);
  return { ...about(item), state: 'written', notAfter: notAfter.toISOString() };
}
