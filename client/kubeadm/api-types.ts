/** The fields of kubeadm's configuration kinds (cmd/kubeadm/app/apis/kubeadm/VERSION/types.go). */
import { type Decoded, type GoFields, list, map, struct } from './go-types.ts';

const typeMeta = { apiVersion: 'string', kind: 'string' } as const;
const imageMeta = { imageRepository: 'string', imageTag: 'string' } as const;
const networking = struct({ serviceSubnet: 'string', podSubnet: 'string', dnsDomain: 'string' });
const localAPIEndpoint = struct({ advertiseAddress: 'string', bindPort: 'int32' });
const strings = list('string');
const patches = struct({ directory: 'string' });
const extraVolumes = list(
  struct({
    name: 'string',
    hostPath: 'string',
    mountPath: 'string',
    readOnly: 'bool',
    pathType: 'string',
  }),
);
const taints = list(struct({ key: 'string', value: 'string', effect: 'string', timeAdded: 'any' }));
const bootstrapTokens = list(
  struct({
    token: 'string',
    description: 'string',
    ttl: 'duration',
    expires: 'string',
    usages: strings,
    groups: strings,
  }),
);
const externalEtcd = {
  endpoints: strings,
  caFile: 'string',
  certFile: 'string',
  keyFile: 'string',
} as const;
const localEtcd = {
  ...imageMeta,
  dataDir: 'string',
  serverCertSANs: strings,
  peerCertSANs: strings,
} as const;
const bootstrapToken = struct({
  token: 'string',
  apiServerEndpoint: 'string',
  caCertHashes: strings,
  unsafeSkipCAVerification: 'bool',
});
const discovery = {
  bootstrapToken,
  file: struct({ kubeConfigPath: 'string' }),
  tlsBootstrapToken: 'string',
} as const;
const controlPlane = struct({ localAPIEndpoint, certificateKey: 'string' });

/** Arguments are a map up to v1beta3. */
const args = map('string');
const component = { extraArgs: args, extraVolumes } as const;
const registration = {
  name: 'string',
  criSocket: 'string',
  taints,
  kubeletExtraArgs: args,
  ignorePreflightErrors: strings,
} as const;
const cluster = {
  ...typeMeta,
  etcd: struct({
    local: struct({ ...localEtcd, extraArgs: args }),
    external: struct(externalEtcd),
  }),
  networking,
  kubernetesVersion: 'string',
  controlPlaneEndpoint: 'string',
  apiServer: struct({ ...component, certSANs: strings, timeoutForControlPlane: 'duration' }),
  controllerManager: struct(component),
  scheduler: struct(component),
  dns: struct(imageMeta),
  certificatesDir: 'string',
  imageRepository: 'string',
  featureGates: map('bool'),
  clusterName: 'string',
} as const;

/** v1beta1 has the same fields, except for `certificateKey` and `ignorePreflightErrors`. */
const v1beta2 = {
  ClusterConfiguration: {
    ...cluster,
    dns: struct({ ...imageMeta, type: 'string' }),
    useHyperKubeImage: 'bool',
  },
  InitConfiguration: {
    ...typeMeta,
    bootstrapTokens,
    nodeRegistration: struct(registration),
    localAPIEndpoint,
    certificateKey: 'string',
  },
  JoinConfiguration: {
    ...typeMeta,
    nodeRegistration: struct(registration),
    caCertPath: 'string',
    discovery: struct({ ...discovery, timeout: 'duration' }),
    controlPlane,
  },
} as const;

const registration3 = struct({ ...registration, imagePullPolicy: 'string' });
const v1beta3 = {
  ClusterConfiguration: cluster,
  InitConfiguration: {
    ...v1beta2.InitConfiguration,
    nodeRegistration: registration3,
    skipPhases: strings,
    patches,
  },
  JoinConfiguration: {
    ...v1beta2.JoinConfiguration,
    nodeRegistration: registration3,
    skipPhases: strings,
    patches,
  },
} as const;

const args4 = list(struct({ name: 'string', value: 'string' }));
const extraEnvs = list(struct({ name: 'string', value: 'string', valueFrom: 'any' }));
const component4 = { extraArgs: args4, extraVolumes, extraEnvs } as const;
const registration4 = struct({
  ...registration,
  kubeletExtraArgs: args4,
  imagePullPolicy: 'string',
  imagePullSerial: 'bool',
});
const timeouts = struct({
  controlPlaneComponentHealthCheck: 'duration',
  kubeletHealthCheck: 'duration',
  kubernetesAPICall: 'duration',
  etcdAPICall: 'duration',
  tlsBootstrap: 'duration',
  discovery: 'duration',
  upgradeManifests: 'duration',
});
const v1beta4 = {
  ClusterConfiguration: {
    ...cluster,
    etcd: struct({
      local: struct({ ...localEtcd, extraArgs: args4, extraEnvs }),
      external: struct({ ...externalEtcd, httpEndpoints: strings }),
    }),
    apiServer: struct({ ...component4, certSANs: strings }),
    controllerManager: struct(component4),
    scheduler: struct(component4),
    dns: struct({ ...imageMeta, disabled: 'bool' }),
    proxy: struct({ disabled: 'bool' }),
    encryptionAlgorithm: 'string',
    certificateValidityPeriod: 'duration',
    caCertificateValidityPeriod: 'duration',
  },
  InitConfiguration: {
    ...typeMeta,
    bootstrapTokens,
    dryRun: 'bool',
    nodeRegistration: registration4,
    localAPIEndpoint,
    certificateKey: 'string',
    skipPhases: strings,
    patches,
    timeouts,
  },
  JoinConfiguration: {
    ...typeMeta,
    dryRun: 'bool',
    nodeRegistration: registration4,
    caCertPath: 'string',
    discovery: struct(discovery),
    controlPlane,
    skipPhases: strings,
    patches,
    timeouts,
  },
} as const;

export const KUBEADM_KINDS = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
] as const;
export type KubeadmKind = (typeof KUBEADM_KINDS)[number];

export const API_TYPES = { v1beta1: v1beta2, v1beta2, v1beta3, v1beta4 } as const satisfies Record<
  string,
  Record<KubeadmKind, GoFields>
>;
export type ApiVersion = keyof typeof API_TYPES;

/** The newest version has every field that certificates depend on, at the same path as the older ones. */
type DocumentOf<K extends KubeadmKind> = Decoded<{ readonly struct: (typeof v1beta4)[K] }>;
export type ClusterDocument = DocumentOf<'ClusterConfiguration'>;
export type InitDocument = DocumentOf<'InitConfiguration'>;
export type JoinDocument = DocumentOf<'JoinConfiguration'>;
