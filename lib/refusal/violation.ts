/**
 * All reasons for a rejection. docs/rejection-codes.md explains each code; a test compares the two lists. Codes are an
 * interface: add to them, but do not rename them.
 */
export const VIOLATION_CODES = {
  // what was uploaded
  'private-key': 'the object contains a private key; it was deleted',
  'object-too-large': 'the object is larger than any CSR; it was deleted unread',
  'object-unreadable':
    'the object is archived, or encrypted with another key; it was deleted unread',
  'pem-malformed': 'the object is not exactly one strict PEM block, nor DER',
  'pem-label': 'the PEM block is not a CERTIFICATE REQUEST',
  'der-malformed': 'the CSR is not strict DER, or not a PKCS#10 structure',
  'csr-version': 'the CSR is not of version 1 (0)',
  'attribute-not-allowed': 'the CSR contains an attribute other than one extensionRequest',
  'extension-not-allowed': 'the CSR requests an extension other than subjectAltName',
  'extension-duplicate': 'the CSR requests the same extension twice',
  // the object of the certificates API that the CSR is in
  'csr-object-malformed': 'the object is not a CertificateSigningRequest in the documented shape',
  'csr-object-mismatch': 'the object is not the one that its key names',
  // the key and its proof
  'signature-algorithm': 'the CSR is signed with an algorithm that is not accepted',
  'signature-invalid': "the CSR's signature does not verify with its own key",
  'key-algorithm': 'the key is neither RSA nor ECDSA',
  'key-size': 'the RSA key is too small or too large',
  'key-exponent': 'the RSA exponent is not 65537',
  'key-curve': 'the EC key is not on P-256 or P-384',
  'key-malformed': 'the public key is malformed, or not a point of its curve',
  'key-weak': 'the RSA modulus is known to be weak',
  'key-not-allowed': 'the cluster record does not allow keys of this kind',
  // the subject
  'subject-attribute':
    'the subject has attributes other than CN and O, or has them in a form that is not accepted',
  'subject-common-name': 'the common name is not that of this certificate',
  'subject-organization': 'the organizations are not those of this certificate',
  // certificates of users
  'users-not-allowed': 'the cluster record has no rule for users',
  'user-name': 'the common name is not allowed for a user',
  'user-name-forbidden': 'no user can have this common name',
  'user-organization': "an organization is not listed in the cluster record's rule for users",
  'user-organization-forbidden': 'no user can have this organization',
  'validity-period': 'the requested validity cannot be read, or is longer than allowed',
  'validity-too-long': 'the validity is longer than the deployment allows for the trust domain',
  // the subject alternative names
  'san-type': 'a subject alternative name is neither a DNS name nor an IP address',
  'san-malformed': 'a subject alternative name is malformed',
  'san-too-many': 'there are more subject alternative names than allowed',
  'san-not-allowed': 'a subject alternative name does not belong in this certificate on this node',
  'san-missing': 'a subject alternative name that the certificate needs is missing',
  'san-forbidden': 'a subject alternative name would let a kubelet act as another server',
  'names-overlap':
    'what the record allows the node overlaps with names of another cluster of the trust domain',
  // CSRs of the certificates API
  'csr-signing-not-allowed': 'csrSigning of the cluster record does not allow it',
  'csr-place': "the request is in the wrong place for the role of the CSR's node",
  'csr-usages': 'the usages are not those of the signer',
  'csr-requester': "the CSR's requester may not request this certificate",
  'csr-not-approved': 'the CSR is not approved in its cluster, or it is denied',
  'attempt-order': 'the attempt does not follow a refusal that may pass',
  // who requests what
  'certificate-name-unknown': 'the path is not that of a certificate that kubeadm manages',
  'certificate-name-version': 'kubeadm has no such certificate in this Kubernetes version',
  'certificate-name-role': 'a node of this role has no such certificate',
  'cluster-unknown': 'this cluster has no record',
  'node-unknown': 'the cluster record lists no such node',
  'uploader-not-allowed': 'the cluster record does not list the uploader',
  'budget-exceeded': 'the node, its users or its cluster have used up their budget of the day',
  'approval-denied': 'an approver denied the request',
  'record-misfit': 'the record of the decision does not fit its request; nothing was signed',
  'declarations-changed':
    'a cluster record or the CAs have changed since the decision; nothing was signed',
  // the CA
  'trust-domain-unknown': "the cluster's trust domain has no CAs",
  'ca-absent': 'the trust domain does not have the CA that signs this certificate',
  'rotation-phase': 'the certificate is issued only in phase trust of a rotation of its CA',
  'ca-expired': 'the CA certificate has expired, or is about to',
} as const;

export type ViolationCode = keyof typeof VIOLATION_CODES;

/** One reason for a rejection, which people read and programs match by its code. */
export interface Violation {
  readonly code: ViolationCode;
  /** The field, as a path: `subject.organizations`, `subjectAltName`, `publicKey`. */
  readonly field: string;
  /** The value in the request. */
  readonly got: string;
  /** What is allowed. */
  readonly allowed: string;
  /** What to do about it. */
  readonly fix: string;
}
