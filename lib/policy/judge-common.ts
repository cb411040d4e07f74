/** Policy checks that all kinds of request share. */
import type { ClusterRecord } from '../cluster/record.ts';
import { type AlternativeName, formatName } from '../csr/alternative-names.ts';
import type { CertifiableKey } from '../csr/public-key.ts';
import { formatDuration } from '../duration.ts';
import { listed, quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';
import { isListed } from './principals.ts';

/** If uploaders are listed, an upload whose event was lost is rejected too. */
export function judgeUploader(
  uploader: string | undefined,
  uploaders: readonly string[],
): Violation[] {
  if (uploaders.length === 0) return [];
  if (isListed(uploader, uploaders)) return [];
  return [
    {
      code: 'uploader-not-allowed',
      field: 'uploader',
      got: quote(uploader ?? 'unknown (the upload event was lost)'),
      allowed: listed(uploaders),
      fix: 'upload with credentials of a listed principal, or add the principal to uploaders',
    },
  ];
}

export function judgeKey(key: CertifiableKey, record: ClusterRecord): Violation[] {
  if (!record.allowedKeys || record.allowedKeys.includes(key.kind)) return [];
  return [
    {
      code: 'key-not-allowed',
      field: 'publicKey',
      got: key.kind,
      allowed: listed(record.allowedKeys),
      fix: 'set encryptionAlgorithm in the kubeadm configuration, or extend allowedKeys in the cluster record',
    },
  ];
}

export function judgeNoNames(names: readonly AlternativeName[]): Violation[] {
  if (names.length === 0) return [];
  return [
    {
      code: 'san-not-allowed',
      field: 'subjectAltName',
      got: listed(names.map(formatName)),
      allowed: 'none',
      fix: 'a client certificate has no subject alternative names',
    },
  ];
}

/** No cluster record can exceed what the deployment allows for its trust domain. */
export function judgeLongest(
  validitySeconds: number,
  { cluster, trustDomain }: ClusterRecord,
  maxValiditySeconds: number,
): Violation[] {
  if (validitySeconds <= maxValiditySeconds) return [];
  return [
    {
      code: 'validity-too-long',
      field: 'validityPeriod',
      got: formatDuration(validitySeconds),
      allowed: `at most ${formatDuration(maxValiditySeconds)} in trust domain ${trustDomain}`,
      fix: `shorten certificateValidityPeriod or users.maxValidityPeriod in the cluster record of ${cluster}, or have maxValidityPeriod of the trust domain raised in the deployment`,
    },
  ];
}
