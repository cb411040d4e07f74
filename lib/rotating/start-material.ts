/** What is signed when a rotation starts: the new version of the CA, and its cross certificate. */
import { type IssuingCa, issuingCa } from '../ca/issuing-ca.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import type { CrossRecord } from '../contract/cross-record.ts';
import type { CaVersion, TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import {
  type CrossSigner,
  obtainCross,
  readCrossRecord,
  recordCross,
  whyNoCross,
} from './cross-certificate.ts';
import {
  obtainNewVersion,
  type RecordedDraft,
  readRecordedDraft,
  soundOnly,
} from './new-version.ts';

/** The two versions of a start, and whether the old one is trusted. */
export interface Start {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly from: number;
  readonly to: number;
  readonly compromised: boolean;
}

export interface StartMaterial {
  readonly signer: CrossSigner;
  readonly draft: RecordedDraft;
  readonly cross: CrossRecord | { readonly why: string };
}

export const newVersionName = ({ trustDomain, ca, to }: Start): CaVersionName => ({
  trustDomain,
  ca,
  version: to,
});

/** @throws Fault document-malformed if the document does not have the old version */
export function oldVersionOf(document: TrustDomainDocument, { ca, from }: Start): CrossSigner {
  const version = document.cas[ca]?.versions.find((one) => one.version === from);
  const found = issuingCa(document, ca, from);
  if (version && found) return { ca: found, keySpec: version.keySpec };
  throw new Fault('document-malformed', `${ca} of ${document.trustDomain} has no version ${from}`);
}

export const whyWithoutCross = (
  { compromised, ca }: Start,
  old: IssuingCa,
  now: Date,
): string | undefined =>
  compromised
    ? `the old ${ca} is compromised, so it cannot vouch for a new one`
    : whyNoCross(old, now);

/** Records the cross certificate that belongs to a recorded version, if there can be one. */
export async function recordMaterial(
  service: Service,
  start: Start,
  signer: CrossSigner,
  draft: RecordedDraft,
): Promise<StartMaterial> {
  const why = whyWithoutCross(start, signer.ca, service.now());
  const cross =
    why === undefined
      ? await recordCross(service, newVersionName(start), signer, draft.drafted)
      : { why };
  return { signer, draft, cross };
}

/** What was recorded for a start; undefined if that is not complete. @throws Fault lint-failed if it is not sound */
export async function readStart(
  service: Pick<Service, 'authority' | 'now'>,
  document: TrustDomainDocument,
  start: Start,
): Promise<StartMaterial | undefined> {
  const name = newVersionName(start);
  const signer = oldVersionOf(document, start);
  const draft = await readRecordedDraft(service, name);
  if (!draft) return undefined;
  soundOnly(draft, name, signer.ca.subject);
  const why = whyWithoutCross(start, signer.ca, service.now());
  const cross = why === undefined ? await readCrossRecord(service, name) : { why };
  return cross && { signer, draft, cross };
}

/** Signs what is recorded. @returns the new version for the document of the trust domain */
export async function signStart(
  service: Service,
  start: Start,
  { signer, draft, cross }: StartMaterial,
): Promise<CaVersion> {
  const version = await obtainNewVersion(service, newVersionName(start), draft);
  if ('why' in cross) return version;
  return { ...version, cross: await obtainCross(service, cross, signer, draft.drafted) };
}
