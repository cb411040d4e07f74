/**
 * The closed list of reasons for a refusal. Each code is explained in docs/rejection-codes.md; a test keeps the two
 * lists equal. Codes are an interface: they may be added to, not renamed.
 */
export const VIOLATION_CODES = {
  // what was uploaded
  'private-key': 'the object holds a private key; it was deleted',
  'object-too-large': 'the object is larger than any CSR; it was deleted unread',
  'pem-malformed': 'the object is not exactly one strict PEM block, nor DER',
  'pem-label': 'the PEM block is not a CERTIFICATE REQUEST',
  'der-malformed': 'the CSR is not strict DER, or not a PKCS#10 structure',
  'csr-version': 'the CSR is not of version 1 (0)',
  'attribute-not-allowed': 'the CSR carries an attribute other than one extensionRequest',
  'extension-not-allowed': 'the CSR asks for an extension other than subjectAltName',
  'extension-duplicate': 'the CSR asks for the same extension twice',
  // the key and its proof
  'signature-algorithm': 'the CSR is signed with an algorithm that is not accepted',
  'signature-invalid': "the CSR's signature does not verify with its own key",
  'key-algorithm': 'the key is neither RSA nor ECDSA',
  'key-size': 'the RSA key is too small or too large',
  'key-exponent': 'the RSA exponent is not 65537',
  'key-curve': 'the EC key is not on P-256 or P-384',
  'key-malformed': 'the public key is not well formed, or not a point of its curve',
  'key-weak': 'the RSA modulus is known to be weak',
  'key-not-allowed': 'the cluster record does not allow keys of this kind',
  // the subject
  'subject-attribute':
    'the subject holds something else than CN and O, or in a form that is not accepted',
  'subject-common-name': 'the common name is not the one of this certificate',
  'subject-organization': 'the organisations are not the ones of this certificate',
  // certificates of users
  'users-not-allowed': 'the cluster record has no rule for users',
  'user-name': 'the common name is not one that a user may have',
  'user-organization': "an organisation is not one that the cluster record's rule for users lists",
  'validity-period':
    'the validity that was asked for can not be read, or is longer than what is allowed',
  // the subject alternative names
  'san-type': 'a subject alternative name is neither a DNS name nor an IP address',
  'san-malformed': 'a subject alternative name is not well formed',
  'san-duplicate': 'a subject alternative name stands there twice',
  'san-too-many': 'there are more subject alternative names than allowed',
  'san-not-allowed': 'a subject alternative name is not one of this certificate on this node',
  'san-missing': 'a subject alternative name that the certificate needs is missing',
  // who asks for what
  'certificate-name-unknown': 'the path is not one of a certificate that kubeadm manages',
  'certificate-name-version': 'kubeadm has no such certificate in this Kubernetes version',
  'certificate-name-role': 'a node of this role has no such certificate',
  'cluster-unknown': 'there is no record of this cluster',
  'node-unknown': 'the cluster record lists no such node',
  'uploader-not-allowed': 'the uploader is not one that the cluster record lists',
  'approval-denied': 'an approver denied the request',
  // the CA
  'trust-domain-unknown': "there are no CAs for the cluster's trust domain",
  'ca-expired': 'the CA certificate has expired, or is about to',
} as const;

export type ViolationCode = keyof typeof VIOLATION_CODES;

/** One reason for a refusal, for a person and for a program. */
export interface Violation {
  readonly code: ViolationCode;
  /** What it is about, as a path: `subject.organizations`, `subjectAltName`, `publicKey`. */
  readonly field: string;
  /** What came. */
  readonly got: string;
  /** What is allowed. */
  readonly allowed: string;
  /** What to do about it. */
  readonly fix: string;
}

/**
 * Text from a CSR goes into reports only in this form: ASCII, and not longer than a line. kubeadm's own names are
 * ASCII; a homoglyph would look like them, and a direction mark turns the line around, unless their code is shown.
 */
export function quote(text: string): string {
  const shown = printable(text);
  return shown.length > 120 ? `${shown.slice(0, 117)}...` : shown;
}

/** Text from outside as one line of ASCII, everything else by its code. */
export function printable(text: string): string {
  return text.replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** More of a list than this helps nobody. */
const MAX_LISTED = 40;

/** A list for a person to read: `a, b, c`, or `none`. */
export function listed(items: readonly string[]): string {
  if (items.length === 0) return 'none';
  const shown = items
    .slice(0, MAX_LISTED)
    .map((item) => quote(item) || '(unreadable)')
    .join(', ');
  return items.length > MAX_LISTED ? `${shown} and ${items.length - MAX_LISTED} more` : shown;
}
