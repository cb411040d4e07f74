/** The shape of `clusters/<cluster>.json`. kubeadm's own field names where kubeadm has the field. */
import * as z from 'zod/mini';
import { LIMITS } from '../csr/limits.ts';
import { parseDurationSeconds } from '../duration.ts';
import { type AddressRange, canonicalIpAddress, parseAddressRange } from '../ip-address.ts';
import { isDnsName, isSubdomain, MAX_NODE_NAME_LENGTH, USERS } from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  OLDEST_KUBERNETES_VERSION,
  parseKubernetesVersion,
} from '../profiles/kubernetes-version.ts';

const text = (what: string, holds: (value: string) => boolean) =>
  z.string().check(z.refine(holds, `must be ${what}`));

const subdomain = text('an RFC 1123 subdomain (lower case)', isSubdomain);
const nodeName = text(
  `an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters, so that CN=system:node:<name> has 64, and not ${USERS}`,
  (value) => isSubdomain(value) && value.length <= MAX_NODE_NAME_LENGTH && value !== USERS,
);
const address = text('an IP address', (value) => canonicalIpAddress(value) !== undefined);
const extraName = text(
  'an IP address or a DNS name in lower case, a wildcard as whole first label',
  (value) => canonicalIpAddress(value) !== undefined || isDnsName(value),
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
  /** The first is kubeadm's localAPIEndpoint.advertiseAddress; the others may stand in its certificates too. */
  addresses: z.array(address).check(z.minLength(1, 'needs at least one address')),
  role,
  /** Principals that may upload for this node; see `uploaders` of the cluster. */
  uploaders,
  /** Names of this node alone, beside those of the cluster. */
  ...sans,
});

const nodeRule = z.strictObject({
  /** One `*` stands for letters, digits, hyphens and dots: `worker-*.prod.example.com`. */
  namePattern: text(
    `a node name with at most one *, and not ${USERS}`,
    (value) =>
      isSubdomain(value.replace('*', 'x')) && value.split('*').length <= 2 && value !== USERS,
  ),
  addressRanges: z.array(text('a CIDR range', (value) => parseAddressRange(value) !== undefined)),
  role,
});

const serviceSubnet = text(
  'one CIDR range, or an IPv4 and an IPv6 range with a comma between',
  (value) => {
    const ranges = value.split(',').map((part) => parseAddressRange(part.trim()));
    const families = ranges.map((range) => range?.octets.length);
    return (
      ranges.every((range) => range && hasServiceAddress(range)) &&
      new Set(families).size === ranges.length
    );
  },
);

/** The API server's service address is the one with index 1; a range of one address has none. */
function hasServiceAddress({ octets, prefixLength }: AddressRange): boolean {
  return prefixLength < octets.length * 8;
}

const organization = text(
  'printable ASCII of at most 64 characters, and of system: only system:masters',
  (value) =>
    /^[!-~](?:[ -~]{0,62}[!-~])?$/.test(value) &&
    (value === 'system:masters' || !value.toLowerCase().startsWith('system:')),
);

/** A certificate can't be revoked: a year, as kubeadm's own, is the longest. */
const MAX_USER_SECONDS = 8760 * 3600;

const users = z.strictObject({
  /** Groups that may be asked for; none of them has to be. */
  organizations: z.optional(z.array(organization)),
  maxValidityPeriod: z.optional(
    text('a duration such as 24h, 8760h at most', (value) => {
      const seconds = parseDurationSeconds(value);
      return seconds !== undefined && seconds <= MAX_USER_SECONDS;
    }),
  ),
  approvalRequired: z.optional(z.boolean()),
  /** Principals whose approval counts, as S3 events name them. */
  approvers: uploaders,
  /** Principals that may upload requests of users. */
  uploaders,
  namePatterns: z.optional(
    z.array(
      text(
        'letters, digits and ._@+- with at most one *',
        (value) => /^[A-Za-z0-9._@+*-]{1,64}$/.test(value) && value.split('*').length <= 2,
      ),
    ),
  ),
});

const keyKind = text('ECDSA-P256, ECDSA-P384, or RSA-2048 to RSA-4096', (value) => {
  const bits = Number(/^RSA-(\d{4})$/.exec(value)?.[1]);
  return value === 'ECDSA-P256' || value === 'ECDSA-P384' || (bits >= 2048 && bits <= 4096);
});

export const clusterRecordSchema = z.strictObject({
  cluster: subdomain,
  trustDomain: subdomain,
  kubernetesVersion: text(
    `a Kubernetes version such as v1.37.2, not older than ${OLDEST_KUBERNETES_VERSION}`,
    isSupportedVersion,
  ),
  controlPlaneEndpoint: z.optional(z.string().check(z.minLength(1))),
  networking: z.optional(
    z.strictObject({ serviceSubnet: z.optional(serviceSubnet), dnsDomain: z.optional(subdomain) }),
  ),
  ...sans,
  certificateValidityPeriod: z.optional(
    text(
      "a duration as kubeadm's, such as 8760h0m0s",
      (value) => parseDurationSeconds(value) !== undefined,
    ),
  ),
  nodes: z.array(node),
  nodeRules: z.optional(z.array(nodeRule)),
  /** Principals that may upload for any node, as S3 events name them (`AWS:AROAEXAMPLE:i-0abc`); a trailing * is any. */
  uploaders,
  /** Names that wait for an approver, beside every certificate of `ca` with system:masters. */
  approvalRequired: z.optional(z.array(z.enum(CERTIFICATE_NAMES))),
  limits: z.optional(
    z.strictObject({
      maxNames: z.optional(z.number().check(z.int(), z.positive(), z.maximum(LIMITS.maxNames))),
    }),
  ),
  /** Certificates of users; without it none is issued. */
  users: z.optional(users),
  /** Key kinds as kubeadm's encryptionAlgorithm names them; all that the door accepts if absent. */
  allowedKeys: z.optional(z.array(keyKind).check(z.minLength(1, 'needs at least one kind'))),
});

/** A cluster record as it is written. */
export type ClusterRecordDocument = z.infer<typeof clusterRecordSchema>;
