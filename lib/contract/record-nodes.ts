/** `nodes` and `nodeRules` of a cluster record. */
import * as z from 'zod/mini';
import { isSubdomain, MAX_NODE_NAME_LENGTH, SUBDOMAIN_FORM } from '../names.ts';
import {
  address,
  addressRange,
  extraName,
  kubeletName,
  kubeletNamePattern,
  principals,
  role,
  text,
} from './record-texts.ts';
import { isNodeName, RESERVED_NODE_NAMES } from './request-kinds.ts';

const reserved = RESERVED_NODE_NAMES.join(' or ');
const nodeName = text(
  `an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters, so that CN=system:node:<name> fits into 64 characters, and not ${reserved}`,
  isNodeName,
  { ...SUBDOMAIN_FORM, maxLength: MAX_NODE_NAME_LENGTH },
);
const extraNames = z.optional(z.array(extraName));

/** Additional names of server certificates, of a cluster or of a node. */
export const sans = {
  apiServer: z.optional(z.strictObject({ certSANs: extraNames })),
  etcd: z.optional(
    z.strictObject({
      local: z.optional(z.strictObject({ serverCertSANs: extraNames, peerCertSANs: extraNames })),
    }),
  ),
};

export const node = z.strictObject({
  name: nodeName,
  /** The first is kubeadm's localAPIEndpoint.advertiseAddress; its certificates may have the others too. */
  addresses: z.array(address).check(z.minLength(1, 'must contain at least one address')),
  role,
  /** Principals that may upload for this node; see `uploaders` of the cluster. */
  uploaders: principals,
  /** Names of this node only, in addition to those of the cluster. */
  ...sans,
  /** Additional names in the kubelet's serving certificate. */
  kubelet: z.optional(z.strictObject({ certSANs: z.optional(z.array(kubeletName)) })),
});

export const nodeRule = z.strictObject({
  /** `*` matches letters, digits, hyphens and dots, and may be used once: `worker-*.prod.example.com`. */
  namePattern: text(
    `a node name with at most one *, and not ${reserved}`,
    (value) =>
      isSubdomain(value.replace('*', 'x')) &&
      value.split('*').length <= 2 &&
      !RESERVED_NODE_NAMES.includes(value),
  ),
  addressRanges: z.array(addressRange),
  role,
  /** Additional names and addresses in the kubelets' serving certificates; `*` as in `namePattern`. */
  kubelet: z.optional(
    z.strictObject({
      certSANs: z.optional(z.array(kubeletNamePattern)),
      addressRanges: z.optional(z.array(addressRange)),
    }),
  ),
});
