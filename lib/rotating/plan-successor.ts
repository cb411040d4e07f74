/**
 * The start of a rotation to a new CA that is below another one. Its certificate comes from outside, so the first call requests
 * it, and the start can be planned once it is imported (import-successor.ts).
 */
import type { CaKeys } from '../ca/ca-keys.ts';
import { readCaRecord } from '../ca/record-version.ts';
import { caRecordKey } from '../contract/ca-record.ts';
import { originOf, type TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { Transition } from './gate-result.ts';
import { isImported, readRecordedDraft, soundOnly } from './new-version.ts';
import type { AwaitedCertificate, PlanRotationRequest } from './rotation-request.ts';
import {
  newVersionName,
  oldVersionOf,
  recordMaterial,
  type StartMaterial,
  whyWithoutCross,
} from './start-material.ts';
import { readCsrs, requestSuccessor, sameOnly } from './successor-csr.ts';

/**
 * Whether the new CA is to be below another one: what is recorded counts, then what the operator asks for. By default, it is
 * where the old one is.
 * @throws Fault request-malformed if the operator asks for something else than what is recorded
 */
export async function isToBeBelow(
  service: Service,
  document: TrustDomainDocument,
  transition: Transition,
  { ownRoot = false, belowAnother = false }: PlanRotationRequest,
): Promise<boolean> {
  const name = newVersionName(transition);
  const wasBelow = isBelow(document, transition);
  if (ownRoot && belowAnother)
    throw new Fault('request-malformed', 'a CA that is its own root is not below another one');
  const record = await readCaRecord(service, name);
  if (!record) {
    if (ownRoot || belowAnother) return belowAnother;
    return wasBelow || (await readCsrs(service, name)).length > 0;
  }
  const is = record.origin === 'subordinate';
  // a company with its own root may forbid others, so the operator says each time that it is meant
  const isMeant = is ? !ownRoot : !belowAnother && (ownRoot || !wasBelow);
  if (isMeant) return is;
  throw new Fault(
    'request-malformed',
    `version ${name.version} of ${name.ca} of trust domain ${name.trustDomain} is ${is ? 'below another CA: its certificate is imported' : 'drafted as its own root'} (${caRecordKey(name)}), and a recorded draft cannot change: repeat the command ${is ? 'without' : 'with'} --own-root, or abandon the draft with --new-draft ${name.version}`,
  );
}

export const isBelow = (document: TrustDomainDocument, { ca, from }: Transition): boolean => {
  const old = document.cas[ca]?.versions.find(({ version }) => version === from);
  return old !== undefined && originOf(old) === 'subordinate';
};

/** @throws Fault request-malformed if another key is recorded */
export async function recordSuccessor(
  service: Service,
  caKeys: CaKeys,
  document: TrustDomainDocument,
  transition: Transition,
  request: PlanRotationRequest,
): Promise<StartMaterial | AwaitedCertificate> {
  const { trustDomain, ca } = transition;
  if (request.validityDays !== undefined)
    throw new Fault(
      'request-malformed',
      `${ca}: the CA above it decides how long the new one is valid: repeat the command without --validity-days`,
    );
  const name = newVersionName(transition);
  const signer = oldVersionOf(document, transition);
  const { subject } = signer.ca;
  const draft = await readRecordedDraft(service, name);
  if (!draft || !isImported(draft)) {
    const wanted = { name, subject, keySpec: signer.keySpec };
    const requested = await requestSuccessor(service, caKeys, wanted, request);
    const awaited = { version: name.version, ...requested };
    const why = whyWithoutCross(transition, signer.ca, service.now());
    return { trustDomain, ca, phase: 'trust', awaited, notes: notesOnAwaited(transition, why) };
  }
  await sameOnly(caKeys, draft.record, request);
  soundOnly(draft, name, subject);
  return recordMaterial(service, transition, signer, draft);
}

const notesOnAwaited = ({ trustDomain, ca, to }: Transition, why: string | undefined): string[] => [
  `version ${to} of ${ca} needs a certificate from the CA above it: send the CSR to that CA (cakeless trust-domain csr ${trustDomain} --ca ${ca} --successor), then import the certificate with cakeless trust-domain import-certificate ${trustDomain} --ca ${ca}, and run this command again`,
  ...(why === undefined ? [] : [`there will be no cross certificate: ${why}`]),
];
