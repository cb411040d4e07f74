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
  /** Somebody else may have its key: its next rotation is that of a compromised CA. Absent otherwise. */
  readonly compromised?: true;
  /** Its other versions; absent if it has none. */
  readonly otherVersions?: readonly VersionSummary[];
}

export interface VersionSummary {
  readonly version: number;
  readonly keyId: string;
  readonly notAfter: string;
  readonly sha256: string;
  /** Whether the version before has certified its key. */
  readonly hasCross: boolean;
  /** When nodes stopped trusting it. */
  readonly endedAt?: string;
}

/** The version of each CA that signs now, and what there is besides. */
export const summarizeCas = (document: TrustDomainDocument): Record<string, CaSummary> =>
  Object.fromEntries(
    casOf(document).map(([ca, { signing, versions }]) => {
      const others = versions.filter(({ version }) => version !== signing).map(summarizeOther);
      const summary = summarize(signingVersionOf(ca, { signing, versions }));
      return [ca, { ...summary, ...(others.length > 0 && { otherVersions: others }) }];
    }),
  );

function summarizeOther({
  version,
  keyId,
  certificate,
  cross,
  endedAt,
}: CaVersion): VersionSummary {
  const { validTo, fingerprint256 } = new X509Certificate(certificate);
  return {
    version,
    keyId,
    notAfter: isoDate(validTo),
    sha256: fingerprint256,
    hasCross: cross !== undefined,
    ...(endedAt !== undefined && { endedAt }),
  };
}

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
    ...(version.compromised && { compromised: true }),
  };
}

function fingerprintOfRoot(chain: string): string {
  const root = certificatesIn(chain).at(-1);
  return root === undefined ? 'none' : new X509Certificate(root).fingerprint256;
}
