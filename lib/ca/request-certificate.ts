/**
 * Signs CSRs with the keys of CAs, so that an outside CA can issue their certificates: the first one of a CA, or another
 * one of a subordinate CA that exists, for the same key and subject. A CSR is recorded before KMS is called, and the same
 * request returns the same one. Nothing changes before a certificate is imported.
 */
import { X509Certificate } from 'node:crypto';
import { isoDate } from '../certificate/iso-date.ts';
import { type CaVersionName, caRecordKey, FIRST_CA_VERSION } from '../contract/ca-record.ts';
import {
  type CaVersion,
  signingVersionOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { claimKeys, DEFAULT_KEY_SPEC, ofSpecOnly } from './choose-keys.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { obtainCsr } from './obtain-csr.ts';
import { readCaRecord } from './record-version.ts';
import { refuseFor } from './refuse-for.ts';
import { keyOfVersion, whyNotRenewable, whyOtherKey } from './renewable-subordinate.ts';
import type {
  CaToCertify,
  CertificateRequest,
  RequestCertificateRequest,
  RequestedCertificates,
} from './trust-domain-request.ts';

/** A CA of the request, and the version that it already has. */
interface Asked {
  readonly ca: CaName;
  readonly given: CaToCertify;
  readonly existing: CaVersion | undefined;
}

/** @throws Fault request-malformed if one of the CAs cannot have such a CSR, with all reasons */
export async function requestCertificates(
  service: Service,
  caKeys: CaKeys,
  request: RequestCertificateRequest,
): Promise<RequestedCertificates> {
  const { trustDomain } = request;
  const key = trustDomainKey(trustDomain);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  const asked = CA_NAMES.flatMap((ca): Asked[] => {
    const given = request.cas[ca];
    const versions = document?.cas[ca];
    return given ? [{ ca, given, existing: versions && signingVersionOf(ca, versions) }] : [];
  });
  const problems: string[] = [];
  for (const one of asked)
    for (const why of await whyRefused(service, caKeys, request, document, one))
      problems.push(`${one.ca}: ${why}`);
  refuseFor(problems);
  const first = asked.filter(({ existing }) => existing === undefined);
  const keys = await findKeys(caKeys, request, first);
  const cas: Partial<Record<CaName, CertificateRequest>> = {};
  await claimKeys(service, trustDomain, FIRST_CA_VERSION, keys);
  for (const { ca, key: caKey } of keys) {
    const commonName = request.cas[ca]?.commonName ?? CA_COMMON_NAMES[ca];
    const version = { trustDomain, ca, version: FIRST_CA_VERSION };
    cas[ca] = await obtainCsr(service, version, caKey, { commonName });
  }
  for (const { ca, existing } of asked)
    if (existing) cas[ca] = await obtainRenewalCsr(service, trustDomain, ca, existing);
  return { trustDomain, cas };
}

const whyRefused = (
  service: Service,
  caKeys: CaKeys,
  request: RequestCertificateRequest,
  document: TrustDomainDocument | undefined,
  asked: Asked,
): Promise<string[]> =>
  document && asked.existing
    ? whyNoRenewal(caKeys, request, document, asked.existing, asked)
    : whyNoFirst(service, request, asked);

async function whyNoFirst(
  service: Service,
  { trustDomain }: RequestCertificateRequest,
  { ca, given: { commonName } }: Asked,
): Promise<string[]> {
  const name = { trustDomain, ca, version: FIRST_CA_VERSION };
  const other = CA_NAMES.find((known) => known !== ca && CA_COMMON_NAMES[known] === commonName);
  return [
    ...(other ? [`CN=${commonName} is the name of another CA, kubeadm's of ${other}`] : []),
    ...((await readCaRecord(service, name))
      ? [`it is being created, adopted or imported (${caRecordKey(name)}): finish that instead`]
      : []),
  ];
}

/** The certificates before and after a renewal differ in their dates, and in what is above them. */
async function whyNoRenewal(
  caKeys: CaKeys,
  { trustDomain, keySpec }: RequestCertificateRequest,
  document: TrustDomainDocument,
  existing: CaVersion,
  { ca, given: { commonName, keyId } }: Asked,
): Promise<string[]> {
  const why = whyNotRenewable(document, ca);
  if (why !== undefined) return [why];
  const otherKey = await whyOtherKey(caKeys, { trustDomain, ca }, existing, keyId);
  const known = commonNameIn(existing);
  return [
    ...(otherKey === undefined ? [] : [otherKey]),
    ...(keySpec === undefined || keySpec === existing.keySpec
      ? []
      : [`its key ${existing.keyId} is a ${existing.keySpec} key, not ${keySpec}`]),
    ...(commonName === undefined || commonName === known
      ? []
      : [`its common name is ${known}, and cannot be changed to ${commonName}`]),
  ];
}

async function obtainRenewalCsr(
  service: Service,
  trustDomain: string,
  ca: CaName,
  existing: CaVersion,
): Promise<CertificateRequest> {
  const { version } = existing;
  const { raw, validTo, fingerprint256 } = new X509Certificate(existing.certificate);
  const contents = { commonName: commonNameIn(existing), renews: raw };
  const key = keyOfVersion(existing);
  const requested = await obtainCsr(service, { trustDomain, ca, version }, key, contents);
  const renews = { version, notAfter: isoDate(validTo), sha256: fingerprint256 };
  return { ...requested, renews };
}

const commonNameIn = ({ certificate }: CaVersion): string =>
  /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1] ?? '';

async function findKeys(
  caKeys: CaKeys,
  { trustDomain, keySpec }: RequestCertificateRequest,
  asked: readonly Asked[],
): Promise<{ ca: CaName; key: CaKey }[]> {
  const found: { ca: CaName; key: CaKey }[] = [];
  for (const { ca, given } of asked) {
    const name = { trustDomain, ca, version: FIRST_CA_VERSION };
    found.push({ ca, key: await findKey(caKeys, name, given.keyId, keySpec) });
  }
  return found;
}

async function findKey(
  caKeys: CaKeys,
  name: CaVersionName,
  keyId: string | undefined,
  keySpec: RequestCertificateRequest['keySpec'],
): Promise<CaKey> {
  const key = await (keyId === undefined
    ? caKeys.ensure(name, keySpec ?? DEFAULT_KEY_SPEC)
    : caKeys.findMade(keyId, name));
  return keySpec === undefined || keyId !== undefined ? key : ofSpecOnly(name, key, keySpec);
}
