/** What a CSR requests, next to what the cluster record expects. */
import { expectedNames } from '../../lib/cluster/expected-names.ts';
import { findNode, type KnownNode } from '../../lib/cluster/find-node.ts';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import type { RequestAddress } from '../../lib/contract/request-key.ts';
import { type AlternativeName, formatName } from '../../lib/csr/alternative-names.ts';
import type { SeenRequest } from '../../lib/csr/read-request.ts';
import { isInRange, parseIpAddress } from '../../lib/ip-address.ts';
import { type IssuedName, isCertificateName } from '../../lib/profiles/certificate-names.ts';
import { profileFor } from '../../lib/profiles/profile-for.ts';
import { describeSubject } from '../wording/csrs.ts';

export interface ComparedField {
  readonly field: 'subject' | 'name' | 'public key';
  /** Empty if the CSR does not have it. */
  readonly requested: string;
  readonly expected: string;
}

/**
 * One row for the subject, one for each name of either side, one for the public key. It judges nothing: the reader
 * compares.
 */
export function compareWithRecord(
  { subject, names = [], key }: SeenRequest,
  { node }: Pick<RequestAddress, 'node'>,
  certificateName: IssuedName,
  record: ClusterRecord,
): ComparedField[] {
  const keys = record.allowedKeys?.join(' or ') ?? 'any key that is accepted';
  return [
    {
      field: 'subject',
      requested: subject ? describeSubject(subject) : '',
      expected: expectedSubject(node, certificateName, record),
    },
    ...compareNames(names, node, certificateName, record),
    { field: 'public key', requested: key?.kind ?? '', expected: keys },
  ];
}

function expectedSubject(node: string, name: IssuedName, record: ClusterRecord): string {
  if (!isCertificateName(name)) return expectedUser(record);
  const profile = profileFor(name, record.kubernetesVersion);
  if (!profile) return `nothing: Kubernetes ${record.kubernetesVersionText} does not have it`;
  const commonName = profile.commonName.replace('{node}', node);
  return profile.acceptedOrganizations
    .map((organizations) => describeSubject({ commonName, organizations }))
    .join(' or ');
}

function expectedUser({ users }: ClusterRecord): string {
  if (!users) return 'nothing: the cluster record allows no users';
  const { organizations, namePatterns } = users;
  const groups = organizations.length === 0 ? 'no O' : `O from ${organizations.join(', ')}`;
  const name = namePatterns.length === 0 ? 'any user name' : namePatterns.join(' or ');
  return `${groups}; CN is ${name}`;
}

/** One row for each name, those of the CSR first. */
function compareNames(
  requested: readonly AlternativeName[],
  nodeName: string,
  certificateName: IssuedName,
  record: ClusterRecord,
): ComparedField[] {
  const node = findNode(record, nodeName);
  const profile =
    isCertificateName(certificateName) && profileFor(certificateName, record.kubernetesVersion);
  const { required, allowed } =
    node && profile ? expectedNames(profile.sans, record, node) : { required: [], allowed: [] };
  const must = required.map(formatName);
  const may = allowed.map(formatName);
  const expectationOf = (name: AlternativeName): string => {
    if (must.includes(formatName(name))) return 'required';
    return may.includes(formatName(name)) || isInRule(name, node) ? 'allowed' : 'nothing';
  };
  const got = requested.map(formatName);
  const missing = must.filter((name) => !got.includes(name));
  return [
    ...requested.map((name) => ({
      field: 'name' as const,
      requested: formatName(name),
      expected: expectationOf(name),
    })),
    ...missing.map((name) => ({ field: 'name' as const, requested: '', expected: name })),
  ];
}

/** Whether it is an address that a node rule allows; the node itself is not listed. */
function isInRule({ type, value }: AlternativeName, node: KnownNode | undefined): boolean {
  const octets = type === 'IP' ? parseIpAddress(value) : undefined;
  return !!octets && !!node?.addressRanges.some((range) => isInRange(octets, range));
}
