import { stringify } from 'yaml';

export interface KubeconfigParts {
  readonly cluster: string;
  readonly server: string;
  readonly user: string;
  /** All three in PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly certificateAuthority: string;
}

/** A kubeconfig as kubeadm writes it (cmd/kubeadm/app/util/kubeconfig: CreateWithCerts), named by the cluster. */
export function writeKubeconfig(parts: KubeconfigParts): string {
  const { cluster, server, user } = parts;
  const context = `${user}@${cluster}`;
  const data = (pem: string) => Buffer.from(pem).toString('base64');
  const config = {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: { 'certificate-authority-data': data(parts.certificateAuthority), server },
        name: cluster,
      },
    ],
    contexts: [{ context: { cluster, user }, name: context }],
    'current-context': context,
    kind: 'Config',
    preferences: {},
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': data(parts.certificate),
          'client-key-data': data(parts.privateKey),
        },
      },
    ],
  };
  return stringify(config, { lineWidth: 0 });
}
