/** What approvers approve: computed from what is recorded, by create-ca and by an approver's client alike. */
import { X509Certificate } from 'node:crypto';
import { sha256Of } from '../ca/sha256.ts';
import { certificatesIn } from '../certificate/pem.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { Transition } from './gate-result.ts';
import { type ImportedCertificate, isImported } from './new-version.ts';
import { rotationPlanDigest } from './plan-digest.ts';
import type { ApprovedPhase, GivenWaiver, RotationPlan } from './rotation-request.ts';
import { readStart, type StartMaterial } from './start-material.ts';

/** @returns undefined for a start that was not planned. @throws Fault if what is recorded is not sound */
export async function readPlan(
  service: Pick<Service, 'authority' | 'now'>,
  document: TrustDomainDocument,
  transition: Transition,
  phase: ApprovedPhase,
  waivers: readonly GivenWaiver[],
): Promise<RotationPlan | undefined> {
  if (phase === 'retire') return planOfRetire(document, transition, waivers);
  const material = await readStart(service, document, transition);
  return material && planOfStart(document, transition, waivers, material);
}

export function planOfStart(
  document: TrustDomainDocument,
  transition: Transition,
  waivers: readonly GivenWaiver[],
  { draft, cross, signer }: StartMaterial,
): RotationPlan {
  return digested({
    ...commonTo(document, transition, waivers),
    phase: 'trust',
    from: { version: transition.from, sha256: sha256Of(signer.ca.certificate.raw) },
    to: {
      version: transition.to,
      publicKeySha256: sha256Of(draft.drafted.publicKey),
      ...(isImported(draft) ? ofCertificate(draft) : { tbsSha256: sha256Of(draft.tbs) }),
      notAfter: draft.drafted.notAfter.toISOString(),
      keySpec: draft.record.keySpec,
      keyId: draft.record.keyId,
    },
    ...('why' in cross ? {} : { crossTbsSha256: sha256Of(Buffer.from(cross.tbs, 'base64')) }),
  });
}

/** All of it exists: nothing but the cross certificate is signed after the approval. */
const ofCertificate = ({ drafted, record }: ImportedCertificate) => ({
  sha256: sha256Of(drafted.x509.raw),
  above: certificatesIn(record.chain).map((pem) => {
    const { subject, raw } = new X509Certificate(pem);
    return { subject: subject.replaceAll('\n', ', '), sha256: sha256Of(raw) };
  }),
});

export function planOfRetire(
  document: TrustDomainDocument,
  transition: Transition,
  waivers: readonly GivenWaiver[],
): RotationPlan {
  const [from, to] = [transition.from, transition.to].map((number) => {
    const found = document.cas[transition.ca]?.versions.find(({ version }) => version === number);
    if (found) return new X509Certificate(found.certificate);
    throw new Fault(
      'document-malformed',
      `${transition.ca} of ${transition.trustDomain} has no version ${number}`,
    );
  }) as [X509Certificate, X509Certificate];
  return digested({
    ...commonTo(document, transition, waivers),
    phase: 'retire',
    from: { version: transition.from, sha256: sha256Of(from.raw) },
    to: {
      version: transition.to,
      publicKeySha256: sha256Of(to.publicKey.export({ type: 'spki', format: 'der' })),
      sha256: sha256Of(to.raw),
    },
  });
}

const commonTo = (
  { sequence = 0 }: TrustDomainDocument,
  { trustDomain, ca, compromised }: Transition,
  waivers: readonly GivenWaiver[],
) => ({ trustDomain, ca, compromised, sequence: sequence + 1, waivers: sorted(waivers) });

/** By subject, and then by reason, so that their order does not matter. */
const sorted = (waivers: readonly GivenWaiver[]): GivenWaiver[] =>
  waivers
    .map(({ subject, reason }) => ({ subject, reason }))
    .sort((a, b) => compare(a.subject, b.subject) || compare(a.reason, b.reason));

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);

const digested = (plan: Omit<RotationPlan, 'digest'>): RotationPlan => ({
  ...plan,
  digest: rotationPlanDigest(plan),
});
