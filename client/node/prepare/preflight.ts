/**
 * What kubeadm would trip over, in the order in which it would (cmd/kubeadm/app/cmd/init.go, phases/certs/certs.go,
 * phases/kubeconfig/kubeconfig.go, preflight/checks.go), and what it would not see and the cluster would.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { certificateNamesFor, csrFromConfig } from '../csr/kubeadm-csr.ts';
import { caFileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { takeInventory } from '../expiry/inventory.ts';
import { rowsOf } from '../expiry/report.ts';

export interface Hindrance {
  readonly file: string;
  readonly problem: string;
}

/** kubeadm looks at ca's certificates first, then kubeconfigs, then the front proxy's, then etcd's. */
const ORDER: readonly string[] = [
  'ca',
  'apiserver',
  'apiserver-kubelet-client',
  'admin.conf',
  'super-admin.conf',
  'kubelet.conf',
  'controller-manager.conf',
  'scheduler.conf',
  'front-proxy-ca',
  'front-proxy-client',
  'etcd-ca',
  'apiserver-etcd-client',
  'etcd-server',
  'etcd-peer',
  'etcd-healthcheck-client',
];

export function findHindrances(
  config: KubeadmConfig,
  { kubeletDir, ...folders }: NodeFolders,
  now: Date,
): Hindrance[] {
  const wanted = certificateNamesFor(config);
  const isWanted = (name: string) =>
    wanted.includes(name as CertificateName) ||
    name === 'ca' ||
    (config.role === 'control-plane' && !CERTIFICATE_NAMES.includes(name as CertificateName));
  const inventory = takeInventory({
    ...folders,
    kubeletDir: join(folders.certDir, 'no-kubelet'), // it has not run yet
    externalEtcd: config.externalEtcd !== undefined,
    nodeName: config.nodeName,
    namesOf: (name) => (wanted.includes(name) ? csrFromConfig(name, config).contents.names : []),
    now,
  });
  const rows = rowsOf(inventory)
    .filter(({ name }) => isWanted(name))
    .sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  return [
    ...manifestsInTheWay(config, folders),
    ...caKeys(folders),
    ...rows.flatMap(({ file, state, problems, notAfter }) =>
      [
        ...(state === 'missing' ? ['it is missing'] : problems),
        ...(notAfter && notAfter <= now ? [`it expired at ${notAfter.toISOString()}`] : []),
      ].map((problem) => ({ file, problem })),
    ),
    ...externalEtcdFiles(config),
    ...serviceAccountFiles(config, folders),
    ...kubeletsOwn({ ...folders, kubeletDir }),
  ];
}

/** What a kubelet left that ran here before: the next one would use it, whatever kubelet.conf holds. */
function kubeletsOwn(folders: NodeFolders): Hindrance[] {
  const place = placeOf('kubelet.conf', folders);
  const file = place.kind === 'kubeconfig' ? place.kubeletPem : undefined;
  if (file === undefined || !existsSync(file)) return [];
  const found = readPlace(place);
  if (found.state === 'present' && !found.embedded) return []; // kubelet.conf itself names it
  const isSame =
    found.state === 'present' && found.embedded?.leaf.fingerprint256 === found.leaf.fingerprint256;
  const problem = 'the kubelet would use it, and not the certificate in kubelet.conf: move it away';
  return isSame ? [] : [{ file, problem }];
}

function manifestsInTheWay(config: KubeadmConfig, { kubeconfigDir }: NodeFolders): Hindrance[] {
  if (config.role === 'worker') return [];
  const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];
  return components
    .map((component) => join(kubeconfigDir, 'manifests', `${component}.yaml`))
    .filter((file) => existsSync(file))
    .map((file) => ({
      file,
      problem: 'it is there: a control plane was made on this node already',
    }));
}

function caKeys(folders: NodeFolders): Hindrance[] {
  return (['ca', 'front-proxy-ca', 'etcd-ca'] as const)
    .map((ca) => caFileOf(ca, folders).replace(/\.crt$/, '.key'))
    .filter((file) => existsSync(file))
    .map((file) => ({ file, problem: 'a CA key is on this node: kubeadm would sign by itself' }));
}

function externalEtcdFiles({ externalEtcd, role }: KubeadmConfig): Hindrance[] {
  if (!externalEtcd || role === 'worker') return [];
  const { caFile, certFile, keyFile } = externalEtcd;
  return [caFile, certFile, keyFile]
    .filter((file) => file !== undefined && !existsSync(file))
    .map((file) => ({ file: file ?? '', problem: 'it is missing (etcd.external)' }));
}

/** kubeadm says "Using existing sa keys" all the same, and the API server then dies. */
function serviceAccountFiles(
  { role, joins }: KubeadmConfig,
  { certDir }: NodeFolders,
): Hindrance[] {
  if (role === 'worker') return [];
  return ['sa.key', 'sa.pub']
    .map((name) => join(certDir, name))
    .filter((file) => !existsSync(file))
    .map((file) => ({
      file,
      problem: joins
        ? 'it is missing: give sa.key of the first control plane by --sa-key-from'
        : 'it is missing',
    }));
}
