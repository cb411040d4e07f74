/**
 * Limits that hold before anything is parsed. A kubeadm CSR with an RSA-4096 key and twenty names has 2.2 KB of PEM;
 * the limits leave room for long lists of names and none for anything else.
 */
export const LIMITS = {
  /** Objects over this are refused unread, in bytes. */
  maxObjectBytes: 32 * 1024,
  /** CSRs over this are refused before they are parsed, in bytes of DER. */
  maxCsrBytes: 16 * 1024,
  /** Subject alternative names in one certificate, unless the cluster record allows fewer. */
  maxNames: 100,
  /** Characters in a common name or organisation (RFC 5280 appendix A, ub-common-name, ub-organization-name). */
  maxSubjectValueLength: 64,
  /** Reasons of one code in one refusal: a CSR of fifteen hundred wrong attributes needs no report of half a megabyte. */
  maxViolationsPerCode: 20,
  /** Organisations in one subject. */
  maxOrganizations: 8,
} as const;
