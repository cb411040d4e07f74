import type { AlternativeName } from '../csr/alternative-names.ts';
import type { CertifiableKey } from '../csr/public-key.ts';
import type { Subject } from '../csr/subject.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import type { IssuedProfile } from '../profiles/profiles.ts';
import type { Violation } from '../refusal/violation.ts';

/** What is to be certified, rebuilt from checked values. Only judges create one. */
export interface IssuancePlan {
  readonly certificateName: IssuedName;
  readonly profile: Pick<IssuedProfile, 'extendedKeyUsages'>;
  readonly subject: Subject;
  /** In kubeadm's order: DNS names sorted, then addresses in the order of the CSR. */
  readonly names: readonly AlternativeName[];
  readonly key: CertifiableKey;
  readonly validitySeconds: number;
  /** Why an approval is needed; undefined if none is. */
  readonly approvalReason: string | undefined;
  /** Principals whose approval counts. @default everyone who can write approvals */
  readonly approvers?: readonly string[];
}

export type Judgement =
  | { readonly plan: IssuancePlan; readonly violations: readonly [] }
  | { readonly plan?: undefined; readonly violations: readonly Violation[] };

/** DNS names sorted, then addresses in the order of the CSR. */
export function inKubeadmsOrder(names: readonly AlternativeName[]): AlternativeName[] {
  return [
    ...names.filter(isDns).sort((a, b) => (a.value < b.value ? -1 : 1)),
    ...names.filter((name) => !isDns(name)),
  ];
}

const isDns = (name: AlternativeName) => name.type === 'DNS';

/** Names as documents list them. */
export function namesByType(names: readonly AlternativeName[]) {
  const valuesOf = (type: AlternativeName['type']) =>
    names.filter((name) => name.type === type).map(({ value }) => value);
  return { dnsNames: valuesOf('DNS'), ipAddresses: valuesOf('IP') };
}
