/** Refusals that are about a request's surroundings: its path, its cluster, its CA, its approver. */
import type { IssuingCa } from '../ca/trust-domain.ts';
import { type RequestAddress, USER_PATH } from '../contract/request-key.ts';
import { formatDuration } from '../duration.ts';
import { USERS } from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import { listed, quote, type Violation } from '../refusal/violation.ts';

export function pathUnknown({ node, path }: RequestAddress): Violation {
  if (node === USERS)
    return {
      code: 'certificate-name-unknown',
      field: 'path',
      got: path,
      allowed: `${USER_PATH} below ${USERS}`,
      fix: 'upload the CSR of a user at that path, and the one of a node below the name of the node',
    };
  return {
    code: 'certificate-name-unknown',
    field: 'path',
    got: path,
    allowed: `the CSR of one of ${listed(CERTIFICATE_NAMES)}`,
    fix: 'keep the paths that kubeadm gives its CSRs, below the request id',
  };
}

export function clusterUnknown(cluster: string): Violation {
  return {
    code: 'cluster-unknown',
    field: 'cluster',
    got: cluster,
    allowed: 'a cluster with a record',
    fix: `apply its record (cakeless cluster apply ${cluster}), then upload under a new request id`,
  };
}

export function trustDomainUnknown(trustDomain: string): Violation {
  return {
    code: 'trust-domain-unknown',
    field: 'trustDomain',
    got: trustDomain,
    allowed: 'a trust domain that has its CAs',
    fix: `create it (cakeless trust-domain create ${trustDomain}), then upload under a new request id`,
  };
}

export function caExpired(ca: IssuingCa, trustDomain: string): Violation {
  return {
    code: 'ca-expired',
    field: 'ca',
    got: `${ca.name} of ${trustDomain}, valid until ${ca.notAfter.toISOString()}`,
    allowed: 'a CA certificate that is valid for an hour at least',
    fix: 'rotate the CA; a certificate of an expired CA is accepted by nobody',
  };
}

export function approvalDenied(reason: string): Violation {
  return {
    code: 'approval-denied',
    field: 'approval',
    got: `denied: ${quote(reason)}`,
    allowed: 'an approval',
    fix: 'talk to the approvers; ask again under a new request id',
  };
}

/** A node's certificate is cut to the end of its CA; a person who asked for a time gets that time or nothing. */
export function outlivesCa(validitySeconds: number, ca: IssuingCa): Violation {
  return {
    code: 'validity-period',
    field: 'validityPeriod',
    got: formatDuration(validitySeconds),
    allowed: `not beyond ${ca.notAfter.toISOString()}, when ${ca.name} expires`,
    fix: 'ask for less, or have the CA replaced',
  };
}
