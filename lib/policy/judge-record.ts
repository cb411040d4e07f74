/**
 * Whether a record asks for something that its request can get at all. Anyone who can write under `records/` can write a
 * record; the CSR, the profile table and the deployment's rules are elsewhere, and have to agree with it. The cluster
 * record is not consulted again: it may have changed since the decision, and a retry has to sign the same bytes.
 */
import { toBase64 } from '../bytes.ts';
import type { IssueRecord } from '../contract/decision-record.ts';
import { issuedNameOf, type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/forbidden-upload.ts';
import type { CheckedRequest } from '../csr/read-request.ts';
import { quote } from '../printable.ts';
import {
  type IssuedName,
  isCertificateName,
  isKubeletName,
  isProbeName,
} from '../profiles/certificate-names.ts';
import { parseKubernetesVersion } from '../profiles/kubernetes-version.ts';
import { issuedProfileOf, profileFor } from '../profiles/profile-for.ts';
import { PROBE_VALIDITY_SECONDS } from '../profiles/profiles.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { TrustDomainRule } from '../trust-domain-rules.ts';
import { inKubeadmsOrder, namesByType } from './issuance-plan.ts';
import { type Judge, type Judges, judgeOf } from './judge.ts';
import { judgeProbeContents } from './judge-probe.ts';
import { judgeSubject } from './judge-subject.ts';
import { judgeUser } from './judge-user.ts';

/** What a record does not fit; empty if the request can get what the record says. */
export async function judgeRecord(
  address: RequestAddress,
  record: IssueRecord,
  csr: StoredObject | undefined,
  { maxValiditySeconds }: TrustDomainRule,
  judges: Judges,
): Promise<string[]> {
  const certificateName = issuedNameOf(address);
  const misfits: string[] = [];
  if (record.request !== address.key)
    misfits.push(`it is the record of ${quote(record.request)}, not of ${address.key}`);
  if (certificateName === undefined || record.certificateName !== certificateName)
    return [
      ...misfits,
      `it is for ${quote(record.certificateName)}, the request for ${certificateName ?? 'nothing that is issued'}`,
    ];
  const { validitySeconds } = record;
  if (!(validitySeconds > 0 && validitySeconds <= maxValiditySeconds))
    misfits.push(
      `it is for ${validitySeconds} seconds, but its trust domain allows at most ${maxValiditySeconds}`,
    );
  const { cas } = issuedProfileOf(certificateName);
  if (!cas.includes(record.ca))
    misfits.push(`it is for ${record.ca}, but ${cas.join(' or ')} signs ${certificateName}`);
  const read = await readCsr(address, record, csr, judges);
  if (typeof read === 'string') return [...misfits, read];
  const { judge, upload, request } = read;
  return [
    ...misfits,
    ...judgeProfile(address, certificateName, record, request),
    ...(judge.judgeRecord?.({ address, certificateName, record, request, upload }) ?? []),
    ...compareWithCsr(certificateName, record, request),
  ];
}

interface ReadCsr {
  readonly judge: Judge;
  readonly upload: StoredObject;
  readonly request: CheckedRequest;
}

/** The valid CSR that the record is about, or why there is no such CSR. */
async function readCsr(
  address: RequestAddress,
  { csrSha256 }: IssueRecord,
  csr: StoredObject | undefined,
  judges: Judges,
): Promise<ReadCsr | string> {
  const kind = requestKindOf(address);
  if (!csr || !kind) return 'its CSR is not in the bucket';
  if (digestOfObject(csr) !== csrSha256)
    return 'the CSR in the bucket is not the one that it names';
  const judge = await judgeOf(kind, judges);
  const { request, violations } = judge.read(csr);
  if (request) return { judge, upload: csr, request };
  return `its CSR is not valid: ${violations.map(({ code }) => code).join(', ')}`;
}

/** What the profile table says about every cluster. */
function judgeProfile(
  { node }: RequestAddress,
  certificateName: IssuedName,
  { kubernetesVersion, validitySeconds }: IssueRecord,
  { subject, names }: CheckedRequest,
): string[] {
  if (isKubeletName(certificateName)) return []; // its judge does
  if (isProbeName(certificateName))
    return [
      ...judgeProbeContents(subject, names).map(describe),
      ...(validitySeconds > PROBE_VALIDITY_SECONDS
        ? [`a probe is valid for ${PROBE_VALIDITY_SECONDS} seconds at most`]
        : []),
    ];
  if (!isCertificateName(certificateName))
    return [
      ...judgeUser(subject, undefined).map(describe),
      ...(names.length > 0 ? ['a client certificate has no subject alternative names'] : []),
    ];
  const version = parseKubernetesVersion(kubernetesVersion);
  const profile = version && profileFor(certificateName, version);
  if (!profile) return [`Kubernetes ${quote(kubernetesVersion)} has no ${certificateName}`];
  return [
    ...judgeSubject(subject, profile, node, { kubernetesVersionText: kubernetesVersion }).map(
      describe,
    ),
    ...((profile.sans === 'none') === (names.length === 0)
      ? []
      : ['server certificates have subject alternative names, client certificates do not']),
  ];
}

const describe = ({ field, got, allowed }: { field: string; got: string; allowed: string }) =>
  `${field} is ${got}; allowed: ${allowed}`;

/** Everything that was certified comes from the CSR, or from the profile. */
function compareWithCsr(
  certificateName: IssuedName,
  { certificate }: IssueRecord,
  { subject, names, key }: CheckedRequest,
): string[] {
  const expected = {
    commonName: subject.commonName,
    organizations: subject.organizations,
    ...namesByType(inKubeadmsOrder(names)),
    extendedKeyUsages: issuedProfileOf(certificateName).extendedKeyUsages,
    keyAlgorithm: key.algorithm,
    publicKey: toBase64(key.spki),
  };
  return (Object.keys(expected) as (keyof typeof expected)[])
    .filter((field) => JSON.stringify(certificate[field]) !== JSON.stringify(expected[field]))
    .map((field) => `${field} is ${quote(textOf(certificate[field]))}, unlike that of its request`);
}

const textOf = (value: string | readonly string[]) =>
  typeof value === 'string' ? value : value.join(', ');
