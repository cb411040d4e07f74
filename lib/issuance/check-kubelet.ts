/** What a kubelet's certificate is judged by again before it is signed: names and CA of a serving certificate. */
import { findNode, type KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import { clusterRecordKey } from '../contract/cluster-record.ts';
import { type IssueRecord, recordKey } from '../contract/decision-record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import { nodeOfUser } from '../names.ts';
import { chooseCa } from '../policy/choose-ca.ts';
import { judgeNode } from '../policy/judge-kubelet.ts';
import { judgeKubeletNames } from '../policy/kubelet-names.ts';
import { declarationsChanged } from '../policy/refusals.ts';
import { quote } from '../printable.ts';
import { isKubeletName } from '../profiles/certificate-names.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import type { Declarations } from './declarations.ts';

export interface Undeclared {
  /** What does not agree with the declarations, as text. */
  readonly misfits: readonly string[];
  /** When what was declared about other clusters, or a CA, last changed; undefined if only the cluster's record counts. */
  readonly changedAt?: Date | undefined;
}

/**
 * A wrong name in a kubelet's serving certificate can make an API server of it. So the record is not trusted: its names
 * and its CA are judged by what is declared. So is the node: a record below `csr/` must not be one of a control plane.
 */
export async function checkKubelet(
  grounds: Declarations,
  address: RequestAddress,
  issued: IssueRecord,
): Promise<Undeclared> {
  const { certificateName, trustDomain } = issued;
  if (!isKubeletName(certificateName)) throw new Error(`${certificateName} is not a kubelet's`);
  const { cluster } = address;
  // only names are judged by the records of other clusters
  const [record, serving] = await Promise.all([
    grounds.clusterRecord(cluster),
    certificateName === 'kubelet-serving' ? readForServing(grounds, trustDomain) : undefined,
  ]);
  const node = record && findNode(record, nodeOfUser(issued.certificate.commonName) ?? '');
  if (!node || record.trustDomain !== trustDomain) {
    const misfit = `cluster ${quote(cluster)} of trust domain ${quote(trustDomain)} has no such node`;
    return { misfits: [misfit], changedAt: serving?.domain.changedAt };
  }
  const ofNode = judgeNode(certificateName, address, record, node).map(describe);
  if (!serving) return { misfits: ofNode };
  const { misfits, changedAt } = checkServing(serving, record, node, issued);
  return { misfits: [...ofNode, ...misfits], changedAt };
}

interface ForServing {
  readonly document: TrustDomainDocument | undefined;
  readonly domain: TrustDomainNames;
}

async function readForServing(grounds: Declarations, trustDomain: string): Promise<ForServing> {
  const [document, domain] = await Promise.all([
    grounds.trustDomain(trustDomain),
    grounds.trustDomainNames(trustDomain),
  ]);
  return { document, domain };
}

/** Names and CA of a serving certificate. */
function checkServing(
  { document, domain }: ForServing,
  record: ClusterRecord,
  node: KnownNode,
  { certificate, ca }: IssueRecord,
): Undeclared {
  const { commonName } = certificate;
  const chosen = document && chooseCa(document, 'kubelet-serving', { commonName, record, domain });
  const misfits = [
    ...judgeKubeletNames(namesOf(certificate), node, record, domain).map(describe),
    ...(chosen?.name === ca ? [] : [`${chosen?.name ?? 'no CA'} signs it, not ${ca}`]),
  ];
  return { misfits, changedAt: latest(domain.changedAt, chosen?.notBefore) };
}

const describe = ({ got, code }: Violation) => `${code}: ${got}`;

/** A CA that was created later is a change, too: its certificate is not valid before that. */
function latest(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (!one || !other) return one ?? other;
  return one > other ? one : other;
}

export type FoundKubelet =
  | { readonly fits: true }
  | { readonly fits: false; readonly misfits: readonly string[] }
  | { readonly fits: false; readonly violations: readonly Violation[] };

/**
 * The same for a record that this run did not write. If anything was declared after the record was written, that is the
 * likely reason, and the kubelet requests again; otherwise nobody could have decided this, and the record is forged.
 */
export async function checkFoundKubelet(
  { authority }: Pick<Service, 'authority'>,
  grounds: Declarations,
  address: RequestAddress,
  record: IssueRecord,
): Promise<FoundKubelet> {
  const { misfits, changedAt } = await checkKubelet(grounds, address, record);
  if (misfits.length === 0) return { fits: true };
  // by the clock of S3, as the others: what the record itself says could be forged
  const [written, declared] = await Promise.all([
    authority.get(recordKey(address.key), 0),
    authority.get(clusterRecordKey(address.cluster), 0),
  ]);
  const changed = latest(changedAt, declared?.lastModified);
  const hasChanged = written && changed && changed > written.lastModified;
  return hasChanged
    ? { fits: false, violations: [declarationsChanged(misfits)] }
    : { fits: false, misfits };
}

const namesOf = ({ dnsNames, ipAddresses }: IssueRecord['certificate']): AlternativeName[] => [
  ...dnsNames.map((value): AlternativeName => ({ type: 'DNS', value })),
  ...ipAddresses.map((value): AlternativeName => ({ type: 'IP', value })),
];
