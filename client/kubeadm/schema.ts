/** The fields of kubeadm's configuration kinds, v1beta2 to v1beta4, that certificates and kubeconfigs of a node depend on. */
import * as z from 'zod/mini';

const text = z.optional(z.string());
const strings = z.optional(z.array(z.string()));
const localAPIEndpoint = z.optional(
  z.object({ advertiseAddress: text, bindPort: z.optional(z.number().check(z.int())) }),
);
const nodeRegistration = z.optional(z.object({ name: text }));

export const clusterSchema = z.object({
  kubernetesVersion: text,
  clusterName: text,
  certificatesDir: text,
  controlPlaneEndpoint: text,
  networking: z.optional(z.object({ serviceSubnet: text, dnsDomain: text })),
  apiServer: z.optional(z.object({ certSANs: strings })),
  etcd: z.optional(
    z.object({
      local: z.optional(z.object({ serverCertSANs: strings, peerCertSANs: strings })),
      external: z.optional(z.object({ caFile: text, certFile: text, keyFile: text })),
    }),
  ),
  encryptionAlgorithm: z.optional(
    z.enum(['RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256', 'ECDSA-P384']),
  ),
  featureGates: z.optional(z.record(z.string(), z.boolean())),
});

export const initSchema = z.object({ nodeRegistration, localAPIEndpoint });

export const joinSchema = z.object({
  nodeRegistration,
  controlPlane: z.optional(z.nullable(z.object({ localAPIEndpoint }))),
  discovery: z.optional(
    z.object({
      bootstrapToken: z.optional(z.object({ apiServerEndpoint: text, caCertHashes: strings })),
    }),
  ),
});

export type ClusterDocument = z.infer<typeof clusterSchema>;
export type InitDocument = z.infer<typeof initSchema>;
export type JoinDocument = z.infer<typeof joinSchema>;
