/** Reads the fields of a cluster record from a kubeadm configuration file. Both use kubeadm's field names. */
import * as z from 'zod/mini';
import { CommandError } from '../errors.ts';
import { findKind, parseDocument, readDocuments } from '../kubeadm/documents.ts';

const strings = z.optional(z.array(z.string()));

/** v1beta2 to v1beta4 have these fields in the same places; fields that no certificate depends on are ignored. */
const clusterConfigurationSchema = z.object({
  kubernetesVersion: z.optional(z.string()),
  controlPlaneEndpoint: z.optional(z.string()),
  networking: z.optional(
    z.object({ serviceSubnet: z.optional(z.string()), dnsDomain: z.optional(z.string()) }),
  ),
  apiServer: z.optional(z.object({ certSANs: strings })),
  etcd: z.optional(
    z.object({
      local: z.optional(z.object({ serverCertSANs: strings, peerCertSANs: strings })),
    }),
  ),
  certificateValidityPeriod: z.optional(z.string()),
});

/** The fields of a cluster record that come from a kubeadm configuration. */
export const DECLARED_FIELDS: readonly string[] = Object.keys(clusterConfigurationSchema.shape);

const initConfigurationSchema = z.object({
  nodeRegistration: z.optional(z.object({ name: z.optional(z.string()) })),
  localAPIEndpoint: z.optional(z.object({ advertiseAddress: z.optional(z.string()) })),
});

export interface DeclaredCluster {
  /** Named and nested as in a cluster record, and checked as part of one. */
  readonly fields: z.infer<typeof clusterConfigurationSchema>;
  /** The node that the file's InitConfiguration is for, if it gives name and address. */
  readonly node: { readonly name: string; readonly address: string } | undefined;
}

/** @throws CommandError if the text is not a kubeadm configuration with a ClusterConfiguration */
export function readDeclaredCluster(text: string, file: string): DeclaredCluster {
  const documents = readDocuments(text, file);
  const cluster = findKind(documents, 'ClusterConfiguration');
  if (!cluster)
    throw new CommandError('usage', `${file}: contains no kubeadm ClusterConfiguration`);
  const init = findKind(documents, 'InitConfiguration') ?? {};
  const parsed = parseDocument(clusterConfigurationSchema, cluster, file, 'ClusterConfiguration');
  const { nodeRegistration, localAPIEndpoint } = parseDocument(
    initConfigurationSchema,
    init,
    file,
    'InitConfiguration',
  );
  const name = nodeRegistration?.name?.trim().toLowerCase();
  const address = localAPIEndpoint?.advertiseAddress;
  return { fields: withoutEmpty(parsed), node: name && address ? { name, address } : undefined };
}

/** kubeadm writes unset fields as empty strings and `{}` (`kubeadm config view`). */
function withoutEmpty<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined && inner !== '' && !isEmptyObject(inner));
  return Object.fromEntries(entries) as T;
}

function isEmptyObject(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length === 0;
}
