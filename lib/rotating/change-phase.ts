/**
 * Changes the phase of a rotation. The step is written first, as an object that nobody can replace: the first
 * of racing changes wins. Then the document of the trust domain is changed, if nobody else has changed it since, and then
 * what nodes read is published. A call that finds an unfinished step finishes it.
 */
import { publishTrust } from '../ca/publish-trust.ts';
import {
  type RotationName,
  type RotationStep,
  rotationStepKey,
  rotationStepSchema,
} from '../contract/rotation.ts';
import {
  type CaVersion,
  type TrustDomainDocument,
  trustDomainKey,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import { changeDocument, isResultOf } from './change-document.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import { readStart, signStart } from './start-material.ts';

/** Only other changes of the same document make a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/** What two calls for the same change have in common. */
export type SameStep = Pick<
  RotationStep,
  'trustDomain' | 'ca' | 'from' | 'to' | 'sequence' | 'before' | 'after' | 'compromised'
>;

/** The step with a number; undefined if no call has written it. */
export const readStep = (
  { authority }: Pick<Service, 'authority'>,
  name: RotationName,
  sequence: number,
): Promise<RotationStep | undefined> =>
  readDocument(authority, rotationStepKey(name, sequence), rotationStepSchema);

const isSameStep = (step: RotationStep, other: SameStep): boolean =>
  step.trustDomain === other.trustDomain &&
  step.ca === other.ca &&
  step.from === other.from &&
  step.to === other.to &&
  step.sequence === other.sequence &&
  step.before === other.before &&
  step.after === other.after &&
  step.compromised === other.compromised;

/** @returns the step that takes effect: that of another change, if it was faster */
export async function writeStep(service: Service, step: RotationStep): Promise<RotationStep> {
  const key = rotationStepKey(step, step.sequence);
  await service.authority.create(key, formatDocument(step), JSON_TYPE);
  const winner = await readStep(service, step, step.sequence);
  if (!winner) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

/** @throws Fault request-malformed if it is another change */
export function sameOnly(found: RotationStep, wanted: SameStep): RotationStep {
  if (isSameStep(found, wanted)) return found;
  if (found.abandoned) throw abandonedBefore(found);
  const { ca, trustDomain, before, after, compromised, at } = found;
  throw new Fault(
    'request-malformed',
    `another change was faster: ${ca} of trust domain ${trustDomain} has been changing from phase ${before} to ${after}${compromised ? ' (compromised)' : ''} since ${at} (${rotationStepKey(found, found.sequence)}); if it does not finish, repeat the command that began it`,
  );
}

const abandonedBefore = (step: RotationStep): Fault =>
  new Fault(
    'request-malformed',
    `the draft of version ${step.to} of ${step.ca} of trust domain ${step.trustDomain} was abandoned at ${step.at} (${rotationStepKey(step, step.sequence)}): run cakeless trust-domain rotate ${step.trustDomain} --ca ${step.ca} --to trust --new-draft ${step.to}, which finishes that and drafts the next version`,
  );

/**
 * Does whatever a written step has not done yet.
 * @returns the document that is published
 */
export async function finishStep(
  service: Service,
  step: RotationStep,
): Promise<TrustDomainDocument> {
  const key = trustDomainKey(step.trustDomain);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { stored, document } = await readTrustDomainObject(service, step.trustDomain);
    if (isResultOf(document, step)) return publishTrust(service, step.trustDomain);
    if ((document.sequence ?? 0) >= step.sequence) throw overtaken(step, document);
    const added = await addedBy(service, document, step);
    const text = formatDocument(changeDocument(stored.value, step, added));
    // reading it again shows whether it was written, or another call was faster
    await service.authority.replace(key, text, JSON_TYPE, stored.object.eTag);
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

function overtaken(step: RotationStep, { rotation, sequence }: TrustDomainDocument): Fault {
  const now = rotation ? `${rotation.ca} is in phase ${rotation.phase}` : 'it is stable';
  return new Fault(
    'request-malformed',
    `another change of trust domain ${step.trustDomain} was faster: ${now} (change ${sequence}); check with cakeless trust-domain rotation before you retry`,
  );
}

/** The version that a start adds to the document. It is signed only now, after the approval. */
async function addedBy(
  service: Service,
  document: TrustDomainDocument,
  step: RotationStep,
): Promise<CaVersion | undefined> {
  if (step.before !== 'stable') return undefined;
  const material = await readStart(service, document, step);
  if (material) return { ...(await signStart(service, step, material)), since: step.at };
  throw new Fault(
    'document-malformed',
    `version ${step.to} of ${step.ca} of trust domain ${step.trustDomain} was started, but its records do not exist`,
  );
}
