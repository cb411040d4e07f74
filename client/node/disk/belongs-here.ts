/** Whether a certificate that does not exist should: then its absence is a fault, and not the role of the node. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateName, CSRSIGNING_CONF } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { type CertificatePlace, fileOf, type NodeFolders, placeOf } from './places.ts';

/** Operators deliberately remove the first two from nodes; the third exists only where the forwarder runs. */
export const OPTIONAL: readonly CertificateName[] = [
  'admin.conf',
  'super-admin.conf',
  CSRSIGNING_CONF,
];

/**
 * Whether kube-apiserver of this node uses an etcd that does not run here as a static pod, so that someone else issues
 * its certificates. kubeadm's guide has their files where its own would be: pki/etcd/ca.crt, apiserver-etcd-client. Only
 * an etcd of this node has pki/etcd/server.crt: its manifest may be away for the time of a restart.
 */
export function usesExternalEtcd(folders: NodeFolders): boolean {
  const runs = (name: string) =>
    existsSync(join(folders.kubeconfigDir, 'manifests', `${name}.yaml`));
  const serves = existsSync(fileOf(placeOf('etcd-server', folders)));
  return runs('kube-apiserver') && !runs('etcd') && !serves;
}

/** @returns what says that the certificate belongs on this node, as text; undefined if nothing does */
export function whyItBelongsHere(name: CertificateName, folders: NodeFolders): string | undefined {
  if (OPTIONAL.includes(name)) return undefined;
  const place = placeOf(name, folders);
  for (const file of besides(place)) if (existsSync(file)) return `${file} exists`;
  const manifest = findManifest(name, folders);
  if (manifest !== undefined) return `${manifest} names it`;
  return whyOfOtherFolder(place, folders);
}

/** Files that exist only if there was a certificate, or if one was requested. */
function besides(place: CertificatePlace): string[] {
  if (place.kind === 'pair')
    return [place.keyFile, place.certificateFile.replace(/\.crt$/, '.csr')];
  const { file, kubeletPem } = place;
  return [`${file}.key`, `${file}.csr`, ...(kubeletPem === undefined ? [] : [kubeletPem])];
}

/** kubeadm's manifests name certificates and kubeconfigs in the flags of the components. */
function findManifest(name: CertificateName, { kubeconfigDir }: NodeFolders): string | undefined {
  const { baseName } = profileOf(name);
  const end = baseName === undefined ? name : `${baseName}.crt`;
  const named = new RegExp(`/${end.replaceAll('.', '\\.')}["']?\\s*$`, 'm');
  return listManifests(join(kubeconfigDir, 'manifests')).find((file) =>
    named.test(readTextIfThere(file) ?? ''),
  );
}

function listManifests(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .map(({ name }) => join(folder, name))
    .sort();
}

const PAIRS: readonly CertificateName[] = [
  'apiserver',
  'apiserver-kubelet-client',
  'front-proxy-client',
];
const KUBECONFIGS: readonly CertificateName[] = [
  'controller-manager.conf',
  'scheduler.conf',
  'kubelet.conf',
];

/**
 * A control plane has certificates in one folder and kubeconfigs in the other. If one of them has none at all, its path
 * is wrong.
 */
function whyOfOtherFolder({ name, kind }: CertificatePlace, folders: NodeFolders) {
  const [own, others] = kind === 'pair' ? [PAIRS, KUBECONFIGS.slice(0, 2)] : [KUBECONFIGS, PAIRS];
  const filesOf = (names: readonly CertificateName[]) =>
    names.map((one) => fileOf(placeOf(one, folders))).filter((file) => existsSync(file));
  if (!own.includes(name) || filesOf(own).length > 0) return undefined;
  const [other] = filesOf(others);
  return other === undefined ? undefined : `${other} exists`;
}
