/**
 * Limits on what is read and reported. A kubeadm CSR with an RSA-4096 key and twenty names has 2.2 KB of PEM; the limits
 * leave room for long lists of names, and for nothing else.
 */
export const LIMITS = {
  /** Larger objects are rejected unread, in bytes. */
  maxObjectBytes: 32 * 1024,
  /** What is published for a request, in bytes: a certificate of such a CSR, with the chain of a subordinate CA. */
  maxOutcomeBytes: 64 * 1024,
  /** Larger CSRs are rejected before they are parsed, in bytes of DER. */
  maxCsrBytes: 16 * 1024,
  /** Subject alternative names in one certificate, unless the cluster record allows fewer. */
  maxNames: 100,
  /** Characters in a common name or organization (RFC 5280 appendix A, ub-common-name, ub-organization-name). */
  maxSubjectValueLength: 64,
  /** Violations of one code in one rejection: a CSR with 1500 wrong attributes must not cause a report of half a megabyte. */
  maxViolationsPerCode: 20,
  /** Organizations in one subject. */
  maxOrganizations: 8,
} as const;
