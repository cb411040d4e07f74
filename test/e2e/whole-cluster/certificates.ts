/** The certificates on a node, where its programs read them. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeadmNode } from './kubeadm-node.ts';

/** @param name a path below /etc/kubernetes: pki/apiserver.crt, kubelet.conf */
export async function certificateOn(node: KubeadmNode, name: string): Promise<X509Certificate> {
  const text = readFileSync(node.file(name), 'utf8');
  if (!name.endsWith('.conf')) return new X509Certificate(text);
  const [{ user }] = parse(text).users;
  const data: string | undefined = user['client-certificate-data'];
  return new X509Certificate(
    data === undefined
      ? await node.shell(`cat ${user['client-certificate']}`) // a link to another file of the machine
      : Buffer.from(data, 'base64'),
  );
}

/** As an API server logs the certificate of a client (authentication.kubernetes.io/credential-id). */
export const credentialId = ({ fingerprint256 }: X509Certificate): string =>
  `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`;
