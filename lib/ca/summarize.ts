/** What people are told about the CAs of a trust domain: no secrets, only what is in the published certificates. */

import { X509Certificate } from 'node:crypto';
import { isoDate } from '../certificate/iso-date.ts';
import { certificatesIn } from '../certificate/pem.ts';
import type { CaOrigin } from '../contract/ca-origin.ts';
import {
  type CaVersion,
  casOf,
  originOf,
  signingVersionOf,
  type TrustDomainDocument,
} from '../contract/trust-domain.ts';

export interface CaSummary {
  readonly origin: CaOrigin;
  readonly keyId: string;
  readonly keySpec: string;
  /** On one line. */
  readonly subject: string;
  readonly notAfter: string;
  /** Fingerprint of the certificate. */
  readonly sha256: string;
  /** Of a subordinate CA: fingerprint of the root above it. */
  readonly rootSha256?: string;
}

/** The version of each CA that signs now. */
export const summarizeCas = (document: TrustDomainDocument): Record<string, CaSummary> =>
  Object.fromEntries(
    casOf(document).map(([ca, versions]) => [ca, summarize(signingVersionOf(ca, versions))]),
  );

function summarize(version: CaVersion): CaSummary {
  const certificate = new X509Certificate(version.certificate);
  return {
    origin: originOf(version),
    keyId: version.keyId,
    keySpec: version.keySpec,
    subject: certificate.subject.replaceAll('\n', ', '),
    notAfter: isoDate(certificate.validTo),
    sha256: certificate.fingerprint256,
    ...(version.chain !== undefined && { rootSha256: fingerprintOfRoot(version.chain) }),
  };
}

function fingerprintOfRoot(chain: string): string {
  const root = certificatesIn(chain).at(-1);
  return root === undefined ? 'none' : new X509Certificate(root).fingerprint256;
}
