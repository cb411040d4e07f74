/** Which certificates the components of this node serve, by any CA: asked on their own ports. */
import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { URL } from 'node:url';
import { sha256Of } from '../disk/fingerprints.ts';
import type { NodeFolders } from '../disk/places.ts';
import { callable } from '../restart/address.ts';
import { readManifest } from '../restart/manifest.ts';

export interface ServedLeaf {
  readonly component: string;
  readonly leaf: X509Certificate;
}

export interface ServedCertificate {
  readonly component: string;
  /** In hex. */
  readonly sha256: string;
  readonly issuer: string;
}

interface Port {
  readonly component: string;
  readonly host: string;
  readonly port: number;
}

export interface Listening {
  readonly kubeletPort: number;
  /** For the whole handshake: a program that sends one byte at a time must not block the run. */
  readonly timeoutMs: number;
}

const USUAL: Listening = { kubeletPort: 10_250, timeoutMs: 2000 };

/** Never throws: a component that does not respond is left out. */
export async function findServed(
  folders: NodeFolders,
  { kubeletPort, timeoutMs }: Listening = USUAL,
): Promise<ServedCertificate[]> {
  const found = await findServedLeaves(folders, { kubeletPort, timeoutMs });
  return found.map(({ component, leaf }) => ({
    component,
    sha256: sha256Of(leaf),
    issuer: leaf.issuer.replaceAll('\n', ', '),
  }));
}

/** The certificates themselves. Never throws, as `findServed`. */
export async function findServedLeaves(
  folders: NodeFolders,
  { kubeletPort, timeoutMs }: Listening = USUAL,
): Promise<ServedLeaf[]> {
  const ports = portsOf(folders, kubeletPort);
  const found = await Promise.all(ports.map((port) => ask(port, timeoutMs)));
  return found.flatMap((one) => one ?? []);
}

function portsOf(folders: NodeFolders, kubeletPort: number): Port[] {
  const apiServer = readManifest('kube-apiserver', folders)?.flags;
  const [etcdUrl = ''] = (
    readManifest('etcd', folders)?.flags.get('listen-client-urls') ?? ''
  ).split(',');
  const etcd = URL.canParse(etcdUrl) ? new URL(etcdUrl) : undefined;
  const host = (name: string) => callable(name.replace(/^\[(.*)\]$/, '$1')).replace(/^\[|\]$/g, '');
  return [
    ...(apiServer
      ? [
          {
            component: 'kube-apiserver',
            host: host(apiServer.get('bind-address') ?? ''),
            port: Number(apiServer.get('secure-port') ?? 6443),
          },
        ]
      : []),
    ...(etcd?.protocol === 'https:'
      ? [{ component: 'etcd', host: host(etcd.hostname), port: Number(etcd.port) }]
      : []),
    // a copy of a node's files has no kubelet
    ...(folders.kubeletDir === undefined
      ? []
      : [{ component: 'kubelet', host: '127.0.0.1', port: kubeletPort }]),
  ];
}

/** Nothing is sent, so that it does not matter whether the certificate is trusted: it is only looked at. */
function ask({ component, host, port }: Port, timeoutMs: number): Promise<ServedLeaf | undefined> {
  return new Promise((resolve) => {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return resolve(undefined);
    const socket = connect({ host, port, rejectUnauthorized: false });
    const timer = setTimeout(() => end(), timeoutMs);
    const end = (served?: ServedLeaf) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(served);
    };
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      end(certificate && { component, leaf: certificate });
    });
    socket.on('error', () => end());
  });
}
