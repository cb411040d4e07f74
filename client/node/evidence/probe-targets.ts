/** The servers of this node that accept client certificates of a CA, where they listen, and how they are verified. */
import { join } from 'node:path';
import { URL } from 'node:url';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { parseCertificates, sha256Of } from '../disk/fingerprints.ts';
import { findKubeletServing } from '../disk/kubelet-serving.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { bracket, callable } from '../restart/address.ts';
import { type Manifest, readManifest } from '../restart/manifest.ts';
import type { Server } from './ask-server.ts';

export type ProbedComponent = 'kube-apiserver' | 'kubelet' | 'etcd' | 'etcd-peer';

export interface ProbeTarget extends Server {
  readonly component: ProbedComponent;
  /** Host and port, as a report has it. */
  readonly address: string;
}

/** The kubelet's port for the API server; kubeadm does not change it. */
const KUBELET_PORT = 10_250;

/**
 * Other nodes prove their own etcd members and API servers. Servers that verify clients by `front-proxy-ca` read its
 * file again when it changes, and none verifies clients by `kubelet-ca`.
 */
export function probeTargets(
  ca: CaName,
  folders: NodeFolders,
  kubeletPort: number = KUBELET_PORT,
): ProbeTarget[] {
  switch (ca) {
    case 'ca':
      return [...apiServer(folders), ...kubelet(folders, kubeletPort)];
    case 'etcd-ca':
      return etcd(folders);
    default:
      return [];
  }
}

function apiServer(folders: NodeFolders): ProbeTarget[] {
  const flags = readManifest('kube-apiserver', folders)?.flags;
  if (!flags) return [];
  const bound = flags.get('bind-address') ?? '';
  const host = isAny(bound) ? (flags.get('advertise-address') ?? '') : bound;
  const file = flags.get('tls-cert-file') ?? join(folders.certDir, 'apiserver.crt');
  const port = Number(flags.get('secure-port') ?? 6443);
  return target('kube-apiserver', host, port, read(caFileOf('ca', folders)), file);
}

/** Without a folder of the kubelet, the files are a copy of a node's. */
function kubelet(folders: NodeFolders, port: number): ProbeTarget[] {
  const { kubeletDir } = folders;
  if (kubeletDir === undefined) return [];
  const ca = (['kubelet-ca', 'ca'] as const).map((one) => read(caFileOf(one, folders))).join('\n');
  return target('kubelet', '', port, ca, findKubeletServing(kubeletDir)?.certificateFile);
}

function etcd(folders: NodeFolders): ProbeTarget[] {
  const flags = readManifest('etcd', folders)?.flags;
  if (!flags) return [];
  const ca = read(caFileOf('etcd-ca', folders));
  const at = (component: ProbedComponent, urls: string, flag: string, usual: string) => {
    const [url = ''] = urls.split(',');
    if (!URL.canParse(url)) return [];
    const { protocol, hostname, port } = new URL(url);
    const file = flags.get(flag) ?? join(folders.certDir, 'etcd', usual);
    return protocol === 'https:' ? target(component, hostname, Number(port), ca, file) : [];
  };
  return [
    ...at('etcd', urlsOfClients(flags), 'cert-file', 'server.crt'),
    ...at('etcd-peer', flags.get('listen-peer-urls') ?? '', 'peer-cert-file', 'peer.crt'),
  ];
}

/** With separate URLs for HTTP, the others speak gRPC only. */
const urlsOfClients = (flags: Manifest['flags']): string =>
  flags.get('listen-client-http-urls') || (flags.get('listen-client-urls') ?? '');

const isAny = (host: string) => callable(host) === callable('');

function target(
  component: ProbedComponent,
  listening: string,
  port: number,
  ca: string,
  file: string | undefined,
): ProbeTarget[] {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return [];
  const host = callable(listening.replace(/^\[|\]$/g, '')).replace(/^\[|\]$/g, '');
  const address = `${bracket(host)}:${port}`;
  return [{ component, address, host, port, ca, onDisk: digestOfFirst(file) }];
}

/** Empty if it cannot be read: then it verifies nothing. */
function read(file: string): string {
  try {
    return readTextIfThere(file) ?? '';
  } catch {
    return '';
  }
}

function digestOfFirst(file: string | undefined): string | undefined {
  try {
    const [first] = file === undefined ? [] : parseCertificates(read(file));
    return first && sha256Of(first);
  } catch {
    return undefined;
  }
}
