/** What a standing approval would cover, and the digest by which an approver confirms it. */
import { createHash } from 'node:crypto';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import type { StandingGrant } from '../../lib/contract/approvals.ts';
import { standingGrantFor } from '../../lib/policy/standing-grant.ts';
import type { CertificateName } from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import { CommandError } from '../errors.ts';
import { describePower } from './consequence.ts';

/** What an approver asks to grant. */
export interface GrantOptions {
  readonly names: readonly CertificateName[];
  /** @default the validity in the cluster record */
  readonly maxValiditySeconds: number | undefined;
}

/** A grant that nobody has given yet. */
export type StandingTerms = Omit<StandingGrant, 'reason' | 'decidedAt'>;

export interface StandingPlan {
  readonly cluster: string;
  readonly grants: readonly StandingTerms[];
  /** SHA-256 of all of it, in lower-case hex. */
  readonly plan: string;
  /** What holders of the certificates can do: one sentence for each name. */
  readonly consequences: readonly string[];
}

/** Distinguishes the text from any other text that is hashed. */
const PURPOSE = 'cakeless standing approval 1';

/** @throws CommandError if kubeadm has no such certificate in the cluster's version */
export function planStanding(
  record: ClusterRecord,
  { names, maxValiditySeconds }: GrantOptions,
): StandingPlan {
  const grants = [...new Set(names)].sort().map((name): StandingTerms => {
    const grant = standingGrantFor(name, record);
    if (grant)
      return { ...grant, maxValiditySeconds: maxValiditySeconds ?? grant.maxValiditySeconds };
    throw new CommandError(
      'usage',
      `${name}: kubeadm has no such certificate in Kubernetes ${record.kubernetesVersionText}`,
    );
  });
  const { cluster } = record;
  const consequences = grants.map((grant) => describeGrant(grant, cluster));
  return { cluster, grants, plan: digestOf(cluster, grants), consequences };
}

function digestOf(cluster: string, grants: readonly StandingTerms[]): string {
  const terms = grants.map(
    ({ certificateName, trustDomain, organizations, maxValiditySeconds }) => [
      certificateName,
      trustDomain,
      organizations,
      maxValiditySeconds,
    ],
  );
  const text = JSON.stringify([PURPOSE, cluster, terms]);
  return createHash('sha256').update(text).digest('hex');
}

function describeGrant(
  { certificateName, trustDomain, organizations }: StandingTerms,
  cluster: string,
): string {
  const { ca, extendedKeyUsages, commonName } = profileOf(certificateName);
  const power = describePower({
    ca,
    trustDomain,
    extendedKeyUsages,
    commonName: commonName.replace('{node}', 'that node'),
    organizations,
    dnsNames: ['its own names'],
    ipAddresses: [],
  });
  return `every node of ${cluster} that may have ${certificateName} gets it without another approval, and anyone who holds its key ${power}`;
}
