/**
 * Which refusals may pass: the same CSR of the certificates API may be issued later, once a cluster record, a trust domain
 * or an uploader has been corrected. What is wrong with its own bytes stays wrong.
 */
import type { ViolationCode } from './violation.ts';

const MAY_PASS: Readonly<Record<ViolationCode, boolean>> = {
  // the bytes, which the next attempt has too
  'private-key': false,
  'object-too-large': false,
  'object-unreadable': true, // how it was stored, by its uploader
  'pem-malformed': false,
  'pem-label': false,
  'der-malformed': false,
  'csr-version': false,
  'attribute-not-allowed': false,
  'extension-not-allowed': false,
  'extension-duplicate': false,
  'csr-object-malformed': false,
  'csr-object-mismatch': false,
  'signature-algorithm': false,
  'signature-invalid': false,
  'key-algorithm': false,
  'key-size': false,
  'key-exponent': false,
  'key-curve': false,
  'key-malformed': false,
  'key-weak': false,
  'subject-attribute': false,
  'san-type': false,
  'san-malformed': false,
  'certificate-name-unknown': false,
  // what its requester asked for, which no record changes
  'csr-usages': false,
  'csr-requester': false,
  'subject-common-name': false,
  'subject-organization': false,
  'user-name-forbidden': false,
  'user-organization-forbidden': false,
  'san-missing': false,
  // what was declared
  'key-not-allowed': true,
  'users-not-allowed': true,
  'user-name': true,
  'user-organization': true,
  'validity-period': true,
  'validity-too-long': true,
  'san-too-many': true,
  'san-not-allowed': true,
  'san-forbidden': true, // another node may have given up the address
  'names-overlap': true,
  'certificate-name-version': true,
  'certificate-name-role': true,
  'cluster-unknown': true,
  'node-unknown': true,
  'uploader-not-allowed': true,
  'csr-signing-not-allowed': true,
  'csr-place': true, // the record may have the wrong role
  'trust-domain-unknown': true,
  'ca-expired': true,
  'ca-absent': true,
  'rotation-phase': true,
  // what others decide
  'csr-not-approved': true,
  'budget-exceeded': true,
  'approval-denied': false,
  // a second certificate for one CSR must be impossible
  'attempt-order': false,
  'record-misfit': false,
  'declarations-changed': false, // a run that began earlier may still be signing the record
};

/**
 * Whether the same CSR may be issued later, under the next attempt. A code that this release does not know may not.
 * @param code of a violation; a request passes only if all of its codes may
 */
export function mayPass(code: string): boolean {
  return Object.hasOwn(MAY_PASS, code) && MAY_PASS[code as ViolationCode];
}
