/** Names and CA of a kubelet's serving certificate, before it is signed. */
import { findNode } from '../cluster/find-node.ts';
import type { IssueRecord } from '../contract/decision-record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import { nodeOfUser } from '../names.ts';
import { chooseCa } from '../policy/choose-ca.ts';
import { judgeKubeletNames } from '../policy/kubelet-names.ts';
import { quote } from '../printable.ts';
import type { Declarations } from './declarations.ts';

/**
 * A wrong name in a kubelet's serving certificate can make an API server of it. So, whatever wrote the record, its names
 * and its CA are judged again by what is declared now. If a cluster record has been changed since the decision, the
 * kubelet is refused this once, and requests again.
 */
export async function checkServing(
  grounds: Declarations,
  { cluster }: RequestAddress,
  { certificate, trustDomain, ca }: IssueRecord,
): Promise<string[]> {
  const { commonName } = certificate;
  const record = await grounds.clusterRecord(cluster);
  const node = record && findNode(record, nodeOfUser(commonName) ?? '');
  if (!node || record.trustDomain !== trustDomain)
    return [`cluster ${quote(cluster)} of trust domain ${quote(trustDomain)} has no such node`];
  const [document, domain] = await Promise.all([
    grounds.trustDomain(trustDomain),
    grounds.trustDomainNames(trustDomain),
  ]);
  const chosen = document && chooseCa(document, 'kubelet-serving', { commonName, record, domain });
  return [
    ...judgeKubeletNames(namesOf(certificate), node, record, domain).map(
      ({ got, code }) => `${code}: ${got}`,
    ),
    ...(chosen?.name === ca ? [] : [`${chosen?.name ?? 'no CA'} signs it, not ${ca}`]),
  ];
}

const namesOf = ({ dnsNames, ipAddresses }: IssueRecord['certificate']): AlternativeName[] => [
  ...dnsNames.map((value): AlternativeName => ({ type: 'DNS', value })),
  ...ipAddresses.map((value): AlternativeName => ({ type: 'IP', value })),
];
