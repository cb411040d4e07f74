/** `kubeadm certs check-expiration` on a control plane of the cluster. */
import type { KubeadmNode } from './kubeadm-node.ts';

interface Row {
  readonly name: string;
  readonly expirationDate: string;
  readonly externallyManaged: boolean;
  readonly missing?: boolean;
}

/** The expiration date of each certificate. @throws Error unless all exist and are externally managed */
export async function expirationsOn(node: KubeadmNode): Promise<Map<string, string>> {
  const output = await node.shell('kubeadm certs check-expiration -o json');
  const info: { certificates: Row[]; certificateAuthorities: Row[] } = JSON.parse(output);
  const rows = [...info.certificates, ...info.certificateAuthorities];
  const missing = rows.filter((row) => row.missing).map(({ name }) => name);
  if (missing.some((name) => name !== 'super-admin.conf'))
    throw new Error(`${node.name}: missing: ${missing.join(', ')}`);
  const own = rows.filter((row) => !row.externallyManaged && !row.missing);
  if (own.length > 0)
    throw new Error(`${node.name}: not externally managed: ${own.map(({ name }) => name)}`);
  return new Map(
    info.certificates
      .filter((row) => !row.missing)
      .map(({ name, expirationDate }) => [name, expirationDate]),
  );
}
