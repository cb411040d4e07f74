/** A cluster in memory whose CA is being rotated: two CAs of one name, and the objects that hold them. */
import { createHash, X509Certificate } from 'node:crypto';
import { type Inspection, inspect } from '../../../client/cluster-trust/inspect.ts';
import type { NodesDeps } from '../../../client/cluster-trust/nodes.ts';
import { KubeError } from '../../../client/kubernetes/kube-client.ts';
import { sha256Of } from '../../../client/node/disk/fingerprints.ts';
import type { ClusterReport } from '../../../lib/contract/cluster-report.ts';
import type { ApiServer } from '../csrsigning/api-server.ts';
import { TestCa } from '../csrsigning/certificates.ts';

export interface Cas {
  readonly from: TestCa;
  readonly to: TestCa;
  readonly foreign: TestCa;
}

export const makeCas = async (): Promise<Cas> => ({
  from: await TestCa.make('kubernetes'),
  to: await TestCa.make('kubernetes'),
  foreign: await TestCa.make('webhooks'),
});

export const digest = ({ pem }: { readonly pem: string }) => sha256Of(new X509Certificate(pem));
/** Of the SubjectPublicKeyInfo. */
export const keyDigest = ({ pem }: { readonly pem: string }) =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const ROOT_CA = 'kube-root-ca.crt';

export const clusterInfo = (pem: string) =>
  `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${base64(pem)}\n    server: https://10.20.0.10:6443\n  name: ""\ncontexts: null\ncurrent-context: ""\nkind: Config\npreferences: {}\nusers: null\n`;

/** A namespace whose kube-root-ca.crt got these certificates at a time. */
export function addNamespace(api: ApiServer, name: string, pem: string, at: string): void {
  api.add(`/api/v1/namespaces/${name}`);
  api.add(`/api/v1/namespaces/${name}/configmaps/${ROOT_CA}`, {
    data: { 'ca.crt': pem },
    metadata: {
      creationTimestamp: '2020-01-01T00:00:00Z',
      managedFields: [
        { time: at, fieldsV1: { 'f:data': { 'f:ca.crt': {} } } },
        { time: '2026-12-24T00:00:00Z', fieldsV1: { 'f:metadata': {} } },
      ],
    },
  });
}

export interface PodOptions {
  readonly startedAt?: string;
  readonly podStartedAt?: string;
  readonly volume?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly phase?: string;
  readonly isMounted?: boolean;
}

export const projected = {
  projected: {
    sources: [{ serviceAccountToken: {} }, { configMap: { name: ROOT_CA } }, { downwardAPI: {} }],
  },
};

export function addPod(api: ApiServer, path: string, options: PodOptions = {}): void {
  const { startedAt, volume = projected, metadata = {}, phase = 'Running' } = options;
  const { podStartedAt = startedAt, isMounted = true } = options;
  const [namespace, name] = path.split('/');
  api.add(`/api/v1/namespaces/${namespace}/pods/${name}`, {
    metadata,
    spec: {
      volumes: [{ name: 'v', ...volume }],
      containers: [{ name: 'c', volumeMounts: isMounted ? [{ name: 'v' }] : [] }],
    },
    status: {
      phase,
      startTime: podStartedAt,
      containerStatuses: [{ name: 'c', state: startedAt ? { running: { startedAt } } : {} }],
    },
  });
}

export interface Look {
  readonly kubelets?: NodesDeps['kubelets'];
  readonly probing?: NodesDeps['probing'];
  readonly before?: ClusterReport;
  /** Paths that RBAC forbids. */
  readonly forbidden?: readonly string[];
  readonly told?: string[];
}

/** @param ours the CA certificates of the node */
export function lookAt(
  api: ApiServer,
  ours: readonly TestCa[],
  look: Look = {},
): Promise<Inspection> {
  const { kubelets = { look: async () => undefined }, forbidden = [], told = [] } = look;
  const client = api.client((point, path) => {
    if (point.startsWith('before') && forbidden.includes(path))
      throw new KubeError(403, 'Forbidden', `${path} is forbidden`);
  });
  return inspect({
    client,
    kubelets,
    ours: ours.map(({ pem }) => new X509Certificate(pem)),
    named: [],
    probing: look.probing,
    before: look.before,
    onForbidden: (what) => void told.push(what),
  });
}
