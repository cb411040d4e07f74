/**
 * Plans a change that people have to approve. For the start of a rotation, the new CA and its cross certificate are
 * drafted and recorded: what is approved is what is signed, byte for byte. A repeated call finds the same drafts. A new CA
 * below another one is requested instead, and planned once its certificate is imported.
 */
import type { CaKeys } from '../ca/ca-keys.ts';
import { caRecordKey } from '../contract/ca-record.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { abandonDraft } from './abandon-draft.ts';
import type { Transition } from './gate-result.ts';
import { claimNewKey } from './new-key.ts';
import {
  type ImportedCertificate,
  isImported,
  type RecordedDraft,
  recordNewVersion,
  validityDaysOf,
} from './new-version.ts';
import { findTransition } from './phases.ts';
import { planOfRetire, planOfStart } from './plan.ts';
import { isBelow, isToBeBelow, recordSuccessor } from './plan-successor.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import type {
  AwaitedCertificate,
  PlannedRotation,
  PlanRotationRequest,
} from './rotation-request.ts';
import {
  newVersionName,
  oldVersionOf,
  recordMaterial,
  type StartMaterial,
} from './start-material.ts';

/** kubeadm's caCertificateValidityPeriod of 87600h. */
const DEFAULT_VALIDITY_DAYS = 3650;

/** @throws Fault request-malformed if the phase cannot follow now, or if another draft is recorded */
export async function planRotation(
  service: Service,
  caKeys: CaKeys,
  request: PlanRotationRequest,
): Promise<PlannedRotation | AwaitedCertificate> {
  const { trustDomain, ca, phase, compromised = false, waivers = [], abandon } = request;
  if (abandon !== undefined) await abandonDraft(service, caKeys, { ...request, abandon });
  const { document } = await readTrustDomainObject(service, trustDomain);
  const found = findTransition(document, { ca, to: phase, compromised });
  if (found.kind === 'refused') throw new Fault('request-malformed', found.why);
  if (found.kind === 'reached' || found.change.approval !== phase)
    throw new Fault(
      'request-malformed',
      `${ca} of trust domain ${trustDomain} is in phase ${document.rotation?.phase}, and phase ${phase} cannot be planned in it; cakeless trust-domain rotation ${trustDomain} shows what is next`,
    );
  const { transition } = found;
  if (phase === 'trust') {
    const record = (await isToBeBelow(service, document, transition, request))
      ? recordSuccessor
      : recordStart;
    const material = await record(service, caKeys, document, transition, request);
    if ('awaited' in material) return material;
    const plan = planOfStart(document, transition, waivers, material);
    return { ...plan, notes: notesOn(document, transition, material) };
  }
  return { ...planOfRetire(document, transition, waivers), notes: [] };
}

async function recordStart(
  service: Service,
  caKeys: CaKeys,
  document: TrustDomainDocument,
  transition: Transition,
  request: PlanRotationRequest,
): Promise<StartMaterial> {
  const name = newVersionName(transition);
  const signer = oldVersionOf(document, transition);
  const { keyId, keySpec = signer.keySpec, validityDays = DEFAULT_VALIDITY_DAYS } = request;
  const key = await claimNewKey(service, caKeys, name, { keyId, keySpec });
  const draft = await recordNewVersion(service, {
    name,
    key,
    subject: signer.ca.subject,
    validityDays,
  });
  await refuseOther(caKeys, draft, request);
  return recordMaterial(service, transition, signer, draft);
}

/** A recorded draft never changes: an approver may have reviewed it. It can be abandoned. */
async function refuseOther(
  caKeys: CaKeys,
  draft: RecordedDraft,
  { keyId, keySpec, validityDays }: PlanRotationRequest,
): Promise<void> {
  if (isImported(draft)) return refuseImported(draft);
  const { record } = draft;
  const named = keyId === undefined ? undefined : await caKeys.findMade(keyId, record);
  const days = validityDaysOf(draft);
  const others = [
    ...(named && named.keyId !== record.keyId ? [`the key ${record.keyId}`] : []),
    ...(keySpec !== undefined && keySpec !== record.keySpec ? [`a ${record.keySpec} key`] : []),
    ...(validityDays !== undefined && validityDays !== days ? [`${days} days`] : []),
  ];
  if (others.length === 0) return;
  throw new Fault(
    'request-malformed',
    `version ${record.version} of ${record.ca} of trust domain ${record.trustDomain} is drafted with ${others.join(' and ')} (${caRecordKey(record)}), and a recorded draft cannot change: repeat the command without the options that differ, or abandon the draft with --new-draft ${record.version}`,
  );
}

/** It was imported after this call found nothing recorded. */
function refuseImported({ record }: ImportedCertificate): never {
  throw new Fault(
    'request-malformed',
    `another change was faster: a certificate was imported for version ${record.version} of ${record.ca} of trust domain ${record.trustDomain} (${caRecordKey(record)})`,
  );
}

function notesOn(
  document: TrustDomainDocument,
  transition: Transition,
  { cross, draft }: StartMaterial,
): string[] {
  const { notAfter } = draft.drafted;
  const [wasBelow, is] = [isBelow(document, transition), isImported(draft)];
  return [
    ...('why' in cross
      ? [
          `there is no cross certificate: ${cross.why}; each node must be given the new CA's hash, and nothing is issued before all trust it`,
        ]
      : []),
    ...(wasBelow && !is
      ? ['the new CA is its own root: the CA above the old one does not certify it']
      : []),
    ...(is && !wasBelow ? ['the new CA is below another one, and the old CA is its own root'] : []),
    `the new CA certificate expires at ${notAfter.toISOString()}`,
  ];
}
