/** Violations that concern not the CSR itself but its path, cluster, CA or approval. */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import type { RequestKind } from '../contract/request-kinds.ts';
import { formatDuration } from '../duration.ts';
import { listed, quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Violation } from '../refusal/violation.ts';

export function pathUnknown({ unknownPath }: RequestKind, path: string): Violation {
  return { code: 'certificate-name-unknown', field: 'path', got: path, ...unknownPath };
}

export function clusterUnknown(cluster: string): Violation {
  return {
    code: 'cluster-unknown',
    field: 'cluster',
    got: cluster,
    allowed: 'a cluster with a record',
    fix: `apply its record (cakeless cluster apply ${cluster})`,
  };
}

export function trustDomainUnknown(trustDomain: string): Violation {
  return {
    code: 'trust-domain-unknown',
    field: 'trustDomain',
    got: trustDomain,
    allowed: 'a trust domain that has its CAs',
    fix: `create it (cakeless trust-domain create ${trustDomain})`,
  };
}

/** @param cas that may sign it, the preferred one first */
export function caAbsent(
  [ca, ...others]: readonly [CaName, ...CaName[]],
  trustDomain: string,
): Violation {
  const orElse =
    others.length === 0
      ? ''
      : '; for nodes that only match a rule, or in a trust domain of several clusters, ca signs only with csrSigning.kubeletServing.dangerouslySignByCA';
  return {
    code: 'ca-absent',
    field: 'ca',
    got: `${trustDomain} has no ${ca}`,
    allowed: `a trust domain that has a ${ca}${orElse}`,
    fix: `create it (cakeless trust-domain create ${trustDomain} --ca ${ca})`,
  };
}

export function notProbed(ca: CaName, trustDomain: string): Violation {
  return {
    code: 'rotation-phase',
    field: 'ca',
    got: `${ca} of ${trustDomain}, which is not in phase trust of a rotation`,
    allowed: 'a probe of the CA whose rotation is in phase trust',
    fix: 'nothing, if its rotation has gone on: probes are for servers that learn to trust the new CA',
  };
}

export function caExpired(ca: IssuingCa, trustDomain: string): Violation {
  return {
    code: 'ca-expired',
    field: 'ca',
    got: `${ca.name} of ${trustDomain}, valid until ${ca.notAfter.toISOString()}`,
    allowed: 'a CA certificate that is valid for at least an hour',
    fix: 'create a new trust domain and move the cluster to it; certificates of an expired CA are not accepted anywhere',
  };
}

export function approvalDenied(reason: string): Violation {
  return {
    code: 'approval-denied',
    field: 'approval',
    got: `denied: ${quote(reason)}`,
    allowed: 'an approval',
    fix: 'contact the approvers',
  };
}

/** The record stays as evidence; the request ends. */
export function recordMisfit(misfits: readonly string[]): Violation {
  return {
    code: 'record-misfit',
    field: 'record',
    got: listed(misfits),
    allowed: 'a record that fits the CSR, the profile, the CA and the approvals',
    fix: 'the CSR need not change; operators: find out who wrote the record',
  };
}

/** Nobody forged the record: what it was decided by has changed before it was signed. */
export function declarationsChanged(misfits: readonly string[]): Violation {
  return {
    code: 'declarations-changed',
    field: 'record',
    got: listed(misfits),
    allowed: 'what the cluster records and the CAs of the trust domain allow now',
    fix: 'make a new request, which is decided by them; a kubelet creates a new CSR within 15 minutes',
  };
}

export function outlivesCa(validitySeconds: number, ca: IssuingCa): Violation {
  return {
    code: 'validity-period',
    field: 'validityPeriod',
    got: formatDuration(validitySeconds),
    allowed: `not beyond ${ca.notAfter.toISOString()}, when ${ca.name} expires`,
    fix: 'request a shorter validity, or have the CA replaced',
  };
}
