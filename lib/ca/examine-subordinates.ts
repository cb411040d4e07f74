/**
 * Everything about the certificates of subordinate CAs that can be said without changing an object: they are linted with
 * their chains, each is for the KMS key of its CA, and the trust domain has no CA in its place, or a subordinate one that the
 * certificate renews.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf, toHex } from '../bytes.ts';
import { caRecordKey, FIRST_CA_VERSION } from '../contract/ca-record.ts';
import {
  type CaVersion,
  originOf,
  signingVersionOf,
  type TrustDomainDocument,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { lintRenewal } from './lint-renewal.ts';
import { lintSubordinate } from './lint-subordinate.ts';
import { readSubordinate } from './read-subordinate.ts';
import { readCaRecord } from './record-version.ts';
import { refusalsIn, refuseFor } from './refuse-for.ts';
import { keyOfVersion, whyNotRenewable, whyOtherKey } from './renewable-subordinate.ts';
import { isRecordOf, type TakenCertificate, takenFrom } from './take-version.ts';
import type { CaFinding, CaToImport, ImportCertificateRequest } from './trust-domain-request.ts';

/** A subordinate CA whose certificate can be imported, or has been. */
export interface ExaminedSubordinate {
  readonly ca: CaName;
  readonly taken: Extract<TakenCertificate, { origin: 'subordinate' }>;
  /** Its public key is the certificate's. */
  readonly key: CaKey;
  /** The version that the trust domain has already; undefined if the certificate is the first one. */
  readonly existing: CaVersion | undefined;
  /** Whether the version has another certificate, or another chain. */
  readonly isRenewal: boolean;
}

export interface ExaminedSubordinates {
  readonly cas: readonly ExaminedSubordinate[];
  /** What is unusual. */
  readonly warnings: readonly CaFinding[];
}

interface Examined {
  readonly findings: readonly CaFinding[];
  readonly problems: readonly string[];
  /** Only if there are no problems. */
  readonly subordinate?: ExaminedSubordinate;
}

/** @throws Fault request-malformed if one of the certificates cannot be imported, with all reasons */
export async function examineSubordinates(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, cas: given }: ImportCertificateRequest,
  document: TrustDomainDocument | undefined,
): Promise<ExaminedSubordinates> {
  const examined: Examined[] = [];
  for (const ca of CA_NAMES) {
    const one = given[ca];
    if (one) examined.push(await examine(service, caKeys, { trustDomain, ca }, document, one));
  }
  const cas = examined.flatMap(({ subordinate }) => (subordinate ? [subordinate] : []));
  const problems = examined.flatMap((one) => one.problems);
  if (!document && !given.ca)
    problems.push(
      `trust domain ${trustDomain} does not exist, and a new one must have ca: import the certificate of ca first`,
    );
  refuseFor([...problems, ...findSame(cas)]);
  return { cas, warnings: examined.flatMap(({ findings }) => findings) };
}

async function examine(
  service: Service,
  caKeys: CaKeys,
  name: { readonly trustDomain: string; readonly ca: CaName },
  document: TrustDomainDocument | undefined,
  given: CaToImport,
): Promise<Examined> {
  const { ca } = name;
  const about = (text: string) => `${ca}: ${text}`;
  const read = readSubordinate(given);
  const versions = document?.cas[ca];
  const existing = versions && signingVersionOf(ca, versions);
  const key = existing
    ? ((await whyOtherKey(caKeys, name, existing, given.keyId)) ?? keyOfVersion(existing))
    : await findKey(caKeys, { ...name, version: FIRST_CA_VERSION }, given.keyId);
  const ofKey = typeof key === 'string' ? [about(key)] : [];
  if (typeof read === 'string')
    return { findings: [], problems: [...ofKey, about(`the certificate ${read}`)] };
  const publicKey = typeof key === 'string' ? undefined : key.publicKey;
  const taken = takenFrom(read);
  const isRenewal = existing !== undefined && !isSame(existing, taken);
  const other =
    document && existing
      ? isRenewal && whyNotRenewable(document, ca)
      : await findOther(service, name, taken);
  const findings = [
    ...lintSubordinate(ca, { ...read, publicKey }, service.now()),
    ...(isRenewal && !other ? lintRenewal(existing, read) : []),
  ];
  const problems = [...ofKey, ...refusalsIn(findings).map(about), ...(other ? [about(other)] : [])];
  if (problems.length > 0 || typeof key === 'string') return { findings: [], problems };
  return {
    findings: findings.map((finding): CaFinding => ({ ca, ...finding })),
    problems,
    subordinate: { ca, taken, key, existing, isRenewal },
  };
}

/** @returns the key, or why it cannot be used */
async function findKey(
  caKeys: CaKeys,
  name: Parameters<CaKeys['existing']>[0],
  keyId: string | undefined,
): Promise<CaKey | string> {
  try {
    if (keyId !== undefined) return await caKeys.findMade(keyId, name);
    return (
      (await caKeys.existing(name)) ?? 'it has no KMS key yet: request a certificate for it first'
    );
  } catch (error) {
    if (error instanceof Fault && error.code === 'request-malformed') return error.message;
    throw error;
  }
}

const isSame = (version: CaVersion, taken: ExaminedSubordinate['taken']): boolean =>
  originOf(version) === 'subordinate' &&
  bufferOf(new X509Certificate(version.certificate).raw).equals(taken.certificate) &&
  version.chain === taken.chain;

/** @returns why the trust domain cannot have this certificate as the first one of a CA; undefined if it can */
async function findOther(
  service: Service,
  { trustDomain, ca }: { readonly trustDomain: string; readonly ca: CaName },
  taken: ExaminedSubordinate['taken'],
): Promise<string | undefined> {
  const name = { trustDomain, ca, version: FIRST_CA_VERSION };
  const record = await readCaRecord(service, name);
  return record && !isRecordOf(record, taken)
    ? `it is being created, adopted or imported with another certificate or chain (${caRecordKey(name)}): finish that instead`
    : undefined;
}

function findSame(cas: readonly ExaminedSubordinate[]): string[] {
  return cas.flatMap(({ ca, key }, i) => {
    const other = cas
      .slice(0, i)
      .find((earlier) => toHex(earlier.key.publicKey) === toHex(key.publicKey));
    return other
      ? [`${ca}: the certificate has the same key as that of ${other.ca}: each CA needs its own`]
      : [];
  });
}
