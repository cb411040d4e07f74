/**
 * `clusters/<cluster>.json`, with kubeadm's field names where kubeadm has the field. Unknown fields are errors, unlike
 * in the documents that the service writes: people write cluster records, and a misspelled limit must not be ignored.
 */
import * as z from 'zod/mini';
import { DURATION_FORM, parseDurationSeconds } from '../duration.ts';
import { type AddressRange, canonicalIpAddress, parseAddressRange } from '../ip-address.ts';
import { LIMITS } from '../limits.ts';
import {
  isDnsName,
  isSubdomain,
  type JsonForm,
  MAX_NODE_NAME_LENGTH,
  SUBDOMAIN_FORM,
} from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  OLDEST_KUBERNETES_VERSION,
  parseKubernetesVersion,
  VERSION_FORM,
} from '../profiles/kubernetes-version.ts';
import { readSloppyAddress } from '../sloppy-address.ts';
import { requiredApprovalsSchema } from '../trust-domain-rules.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { isNodeName, RESERVED_NODE_NAMES } from './request-kinds.ts';

export function clusterRecordKey(cluster: string): string {
  return `${AUTHORITY_PREFIXES.clusters}${cluster}.json`;
}

/** The cluster whose record has this key; undefined for any other key. */
export function clusterOfRecordKey(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.clusters)) return undefined;
  const cluster = /^(.+)\.json$/.exec(key.slice(AUTHORITY_PREFIXES.clusters.length))?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}

/** @param json what JSON Schema can express of it (lib/schemas); the whole rule is `holds` */
const text = (what: string, holds: (value: string) => boolean, json?: JsonForm) =>
  z
    .string()
    .check(z.refine(holds, { error: `must be ${what}`, ...(json && { params: { json } }) }));

const subdomain = text('an RFC 1123 subdomain (lower case)', isSubdomain, SUBDOMAIN_FORM);
const reserved = RESERVED_NODE_NAMES.join(' or ');
const nodeName = text(
  `an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters, so that CN=system:node:<name> fits into 64 characters, and not ${reserved}`,
  isNodeName,
  { ...SUBDOMAIN_FORM, maxLength: MAX_NODE_NAME_LENGTH },
);
const address = text('an IP address', (value) => canonicalIpAddress(value) !== undefined);
const extraName = text(
  'an IP address, or a DNS name in lower case; a wildcard must be the whole first label',
  (value) =>
    canonicalIpAddress(value) !== undefined ||
    // with leading zeros it is an address for kubeadm, and a name for others
    (isDnsName(value) && readSloppyAddress(value) === undefined),
);
const extraNames = z.optional(z.array(extraName));
const role = z.enum(['control-plane', 'worker']);
const uploaders = z.optional(z.array(z.string().check(z.minLength(1))));

function isSupportedVersion(value: string): boolean {
  const version = parseKubernetesVersion(value);
  const oldest = parseKubernetesVersion(OLDEST_KUBERNETES_VERSION);
  return Boolean(version && oldest && compareKubernetesVersions(version, oldest) >= 0);
}

const sans = {
  apiServer: z.optional(z.strictObject({ certSANs: extraNames })),
  etcd: z.optional(
    z.strictObject({
      local: z.optional(z.strictObject({ serverCertSANs: extraNames, peerCertSANs: extraNames })),
    }),
  ),
};

const node = z.strictObject({
  name: nodeName,
  /** The first is kubeadm's localAPIEndpoint.advertiseAddress; its certificates may have the others too. */
  addresses: z.array(address).check(z.minLength(1, 'must contain at least one address')),
  role,
  /** Principals that may upload for this node; see `uploaders` of the cluster. */
  uploaders,
  /** Names of this node only, in addition to those of the cluster. */
  ...sans,
});

const nodeRule = z.strictObject({
  /** `*` matches letters, digits, hyphens and dots, and may be used once: `worker-*.prod.example.com`. */
  namePattern: text(
    `a node name with at most one *, and not ${reserved}`,
    (value) =>
      isSubdomain(value.replace('*', 'x')) &&
      value.split('*').length <= 2 &&
      !RESERVED_NODE_NAMES.includes(value),
  ),
  addressRanges: z.array(text('a CIDR range', (value) => parseAddressRange(value) !== undefined)),
  role,
});

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

const ORGANIZATION = /^[!-~](?:[ -~]{0,62}[!-~])?$/;
const organization = text(
  'at most 64 printable ASCII characters; of the names that begin with system:, only system:masters',
  (value) =>
    ORGANIZATION.test(value) &&
    (value === 'system:masters' || !value.toLowerCase().startsWith('system:')),
  { pattern: ORGANIZATION },
);

const USER_PATTERN = /^[A-Za-z0-9._@+*-]{1,64}$/;

/** A certificate cannot be revoked, so a year, kubeadm's own default, is the limit. */
const MAX_USER_SECONDS = 8760 * 3600;

const users = z.strictObject({
  /** Groups that may be requested. */
  organizations: z.optional(z.array(organization)),
  maxValidityPeriod: z.optional(
    text(
      'a duration of at most 8760h, such as 24h',
      (value) => {
        const seconds = parseDurationSeconds(value);
        return seconds !== undefined && seconds <= MAX_USER_SECONDS;
      },
      DURATION_FORM,
    ),
  ),
  approvalRequired: z.optional(z.boolean()),
  /** Principals whose approval counts, as S3 events name them. @default everyone who can write approvals */
  approvers: uploaders,
  /** Principals that may upload requests of users. */
  uploaders,
  namePatterns: z.optional(
    z.array(
      text(
        'letters, digits and ._@+- with at most one *',
        (value) => USER_PATTERN.test(value) && value.split('*').length <= 2,
        { pattern: USER_PATTERN },
      ),
    ),
  ),
});

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
  certificateValidityPeriod: z.optional(
    text(
      'a duration such as 8760h0m0s',
      (value) => parseDurationSeconds(value) !== undefined,
      DURATION_FORM,
    ),
  ),
  nodes: z.array(node),
  nodeRules: z.optional(z.array(nodeRule)),
  /** Principals that may upload for any node, as S3 events name them (`AWS:AROAEXAMPLE:i-0abc`); a trailing * matches any ending. */
  uploaders,
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
});

/** `limits` of a cluster record. */
export type LimitsDocument = NonNullable<z.infer<typeof clusterRecordSchema>['limits']>;

/** A cluster record as it is written. */
export type ClusterRecordDocument = z.infer<typeof clusterRecordSchema>;
