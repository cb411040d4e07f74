/**
 * `clusters/<cluster>.json`, with kubeadm's field names where kubeadm has the field. Unknown fields are errors, unlike
 * in the documents that the service writes: people write cluster records, and a misspelled limit must not be ignored.
 */
import * as z from 'zod/mini';
import { type AddressRange, parseAddressRange } from '../ip-address.ts';
import { LIMITS } from '../limits.ts';
import { isSubdomain } from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  OLDEST_KUBERNETES_VERSION,
  parseKubernetesVersion,
  VERSION_FORM,
} from '../profiles/kubernetes-version.ts';
import { requiredApprovalsSchema } from '../trust-domain-rules.ts';
import { csrSigning } from './csr-signing.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { node, nodeRule, sans } from './record-nodes.ts';
import { duration, principals, subdomain, text } from './record-texts.ts';
import { users } from './record-users.ts';

export function clusterRecordKey(cluster: string): string {
  return `${AUTHORITY_PREFIXES.clusters}${cluster}.json`;
}

/** The cluster whose record has this key; undefined for any other key. */
export function clusterOfRecordKey(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.clusters)) return undefined;
  const cluster = /^(.+)\.json$/.exec(key.slice(AUTHORITY_PREFIXES.clusters.length))?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}

function isSupportedVersion(value: string): boolean {
  const version = parseKubernetesVersion(value);
  const oldest = parseKubernetesVersion(OLDEST_KUBERNETES_VERSION);
  return Boolean(version && oldest && compareKubernetesVersions(version, oldest) >= 0);
}

const serviceSubnet = text(
  'one CIDR range, or an IPv4 and an IPv6 range separated by a comma',
  (value) => {
    const ranges = value.split(',').map((part) => parseAddressRange(part.trim()));
    const families = ranges.map((range) => range?.octets.length);
    return (
      ranges.every((range) => range && hasServiceAddress(range)) &&
      new Set(families).size === ranges.length
    );
  },
);

/** The API server's service address has index 1; a range of one address does not have it. */
function hasServiceAddress({ octets, prefixLength }: AddressRange): boolean {
  return prefixLength < octets.length * 8;
}

const KEY_KIND = /^(?:ECDSA-P256|ECDSA-P384|RSA-(\d{4}))$/;
const keyKind = text(
  'ECDSA-P256, ECDSA-P384, or RSA-2048 to RSA-4096',
  (value) => {
    const [known, bits] = KEY_KIND.exec(value) ?? [];
    return (
      known !== undefined && (bits === undefined || (Number(bits) >= 2048 && Number(bits) <= 4096))
    );
  },
  { pattern: KEY_KIND },
);

const perDay = (most: number) =>
  z.optional(z.number().check(z.int(), z.positive(), z.maximum(most)));
/** A node's counter has twenty bytes for each request, and is written with each. */
const MOST_OF_NODE = 10_000;
const MOST_OF_CLUSTER = 1_000_000;

/** How many requests and certificates are allowed in a day. The defaults follow from the validity (lib/budget/limits.ts). */
const budgets = {
  nodeRequestsPerDay: perDay(MOST_OF_NODE),
  nodeCertificatesPerDay: perDay(MOST_OF_NODE),
  /** Of all users of the cluster together. */
  userRequestsPerDay: perDay(MOST_OF_NODE),
  userCertificatesPerDay: perDay(MOST_OF_NODE),
  clusterRequestsPerDay: perDay(MOST_OF_CLUSTER),
  clusterCertificatesPerDay: perDay(MOST_OF_CLUSTER),
};

export const clusterRecordSchema = z.strictObject({
  /** For editors: where the JSON Schema of a record file is. Otherwise ignored; `cluster apply` does not store it. */
  $schema: z.optional(z.string()),
  cluster: subdomain,
  trustDomain: subdomain,
  kubernetesVersion: text(
    `a Kubernetes version such as v1.37.2, ${OLDEST_KUBERNETES_VERSION} or later`,
    isSupportedVersion,
    VERSION_FORM,
  ),
  controlPlaneEndpoint: z.optional(z.string().check(z.minLength(1))),
  networking: z.optional(
    z.strictObject({ serviceSubnet: z.optional(serviceSubnet), dnsDomain: z.optional(subdomain) }),
  ),
  ...sans,
  certificateValidityPeriod: z.optional(duration('a duration such as 8760h0m0s')),
  nodes: z.array(node),
  nodeRules: z.optional(z.array(nodeRule)),
  /** Principals that may upload for any node, as S3 events name them (`AWS:AROAEXAMPLE:i-0abc`); a trailing * matches any ending. */
  uploaders: principals,
  /** Certificate names that need approval, in addition to every certificate of `ca` with system:masters. */
  approvalRequired: z.optional(z.array(z.enum(CERTIFICATE_NAMES))),
  /** How many approvers have to approve; it can only raise what the trust domain requires. */
  requiredApprovals: z.optional(requiredApprovalsSchema),
  limits: z.optional(
    z.strictObject({
      maxNames: z.optional(z.number().check(z.int(), z.positive(), z.maximum(LIMITS.maxNames))),
      ...budgets,
    }),
  ),
  /** Certificates of users; without this rule, none are issued. */
  users: z.optional(users),
  /** Key algorithms as kubeadm's encryptionAlgorithm names them. @default all that the CSR reader accepts */
  allowedKeys: z.optional(
    z.array(keyKind).check(z.minLength(1, 'must contain at least one key algorithm')),
  ),
  /** CertificateSigningRequests of the cluster; without it, none are signed. */
  csrSigning: z.optional(csrSigning),
});

/** `limits` of a cluster record. */
export type LimitsDocument = NonNullable<z.infer<typeof clusterRecordSchema>['limits']>;

/** A cluster record as it is written. */
export type ClusterRecordDocument = z.infer<typeof clusterRecordSchema>;
