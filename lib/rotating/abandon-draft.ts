/**
 * Abandons the draft of a new CA version that was never signed, so that the next version can be drafted with other options.
 * The history gets a step under the key at which the start of that version would be: of the two, only one can be written. A
 * start that was faster stays, and after an abandonment, nothing signs the draft. Its number is never used again.
 *
 * Nodes have seen nothing of a draft, so this is no change of the trust domain that they follow: `sequence` stays.
 */
import type { CaKeys } from '../ca/ca-keys.ts';
import { isRequested } from '../ca/is-requested.ts';
import { readCaRecord } from '../ca/record-version.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import type { RotationStep } from '../contract/rotation.ts';
import { type TrustDomainDocument, trustDomainKey } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE } from '../store/documents.ts';
import { sameOnly, writeStep } from './change-phase.ts';
import type { Transition } from './gate-result.ts';
import { claimNewKey } from './new-key.ts';
import { findTransition } from './phases.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import type { PlanRotationRequest } from './rotation-request.ts';
import { newVersionName, oldVersionOf } from './start-material.ts';

type Asked = PlanRotationRequest & { readonly abandon: number };

/** Only other changes of the same document make a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/**
 * A repeated call changes nothing: the request names the version, so it never abandons the next one.
 * @throws Fault request-malformed if that version is not a draft, or if its start was faster
 */
export async function abandonDraft(
  service: Service,
  caKeys: CaKeys,
  request: Asked,
): Promise<void> {
  const { trustDomain, ca, abandon } = request;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { stored, document } = await readTrustDomainObject(service, trustDomain);
    if (isAbandoned(document, request)) return;
    const transition = transitionOf(document, request);
    if (!(await isDrafted(service, newVersionName(transition))))
      throw new Fault(
        'request-malformed',
        `version ${abandon} of ${ca} of trust domain ${trustDomain} is not drafted, so there is nothing to abandon: repeat the command without --new-draft`,
      );
    await requireNextKey(service, caKeys, document, transition, request);
    const step = stepOf(service, document, transition);
    sameOnly(await writeStep(service, step), step);
    const text = formatDocument(withAbandoned(stored.value, request));
    // reading it again shows whether it was written, or another change was faster
    await service.authority.replace(
      trustDomainKey(trustDomain),
      text,
      JSON_TYPE,
      stored.object.eTag,
    );
  }
  throw new Fault(
    'unavailable',
    `trust domain ${trustDomain}: other calls kept changing it; try again`,
  );
}

/** The certificate of a CA below another one is requested before it can be recorded. */
const isDrafted = async (service: Service, name: CaVersionName): Promise<boolean> =>
  (await readCaRecord(service, name)) !== undefined || (await isRequested(service, name));

function isAbandoned({ cas }: TrustDomainDocument, { ca, abandon }: Asked): boolean {
  const { versions = [], abandoned = 0 } = cas[ca] ?? {};
  return abandon <= abandoned && !versions.some(({ version }) => version === abandon);
}

/** The start of the version that is abandoned. */
function transitionOf(document: TrustDomainDocument, asked: Asked): Transition {
  const { trustDomain, ca, phase, compromised = false, abandon } = asked;
  const what = `version ${abandon} of ${ca} of trust domain ${trustDomain}`;
  const { rotation } = document;
  if (rotation?.ca === ca && rotation.to === abandon)
    throw new Fault(
      'request-malformed',
      `${what} is not a draft any longer: its rotation has started, and is in phase ${rotation.phase}; cancel it with cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to stable`,
    );
  const found = findTransition(document, { ca, to: phase, compromised });
  if (found.kind === 'refused') throw new Fault('request-malformed', found.why);
  if (found.kind === 'change' && found.transition.before === 'stable') {
    const { transition } = found;
    if (transition.to === abandon) return transition;
    throw new Fault(
      'request-malformed',
      `${what} is not a draft: the next version is ${transition.to}`,
    );
  }
  throw new Fault('request-malformed', `${what} is not a draft: ${ca} is being rotated`);
}

/** Without a key for the version after it, nothing could be drafted, so the draft stays. */
async function requireNextKey(
  service: Service,
  caKeys: CaKeys,
  document: TrustDomainDocument,
  transition: Transition,
  { keyId, keySpec = oldVersionOf(document, transition).keySpec }: Asked,
): Promise<void> {
  const next = newVersionName({ ...transition, to: transition.to + 1 });
  await claimNewKey(service, caKeys, next, { keyId, keySpec });
}

const stepOf = (
  service: Service,
  { sequence = 0 }: TrustDomainDocument,
  { trustDomain, ca, from, to }: Transition,
): RotationStep => ({
  ...{ trustDomain, ca, from, to, sequence: sequence + 1, before: 'stable', after: 'stable' },
  compromised: false,
  abandoned: true,
  at: service.now().toISOString(),
  approvedBy: [],
  waivers: [],
});

/** Fields that only a later release knows stay. */
function withAbandoned(value: unknown, { ca, abandon }: Asked): object {
  const document = value as { readonly cas: Record<string, object> };
  const { cas } = document;
  return { ...document, cas: { ...cas, [ca]: { ...cas[ca], abandoned: abandon } } };
}
