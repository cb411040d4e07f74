/** Kubeconfigs as kubeadm writes them (cmd/kubeadm/app/util/kubeconfig: CreateWithCerts). */
import { stringify } from 'yaml';

export interface KubeconfigParts {
  readonly server: string;
  readonly clusterName: string;
  readonly userName: string;
  /** PEM. Without CA and certificate the result is what `kubeadm certs generate-csr` writes. */
  readonly certificateAuthority?: string;
  readonly certificate?: string;
  readonly privateKey: string;
}

export function kubeconfigText(parts: KubeconfigParts): string {
  const { server, clusterName, userName, certificateAuthority, certificate, privateKey } = parts;
  const context = `${userName}@${clusterName}`;
  const document = {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: {
          ...(certificateAuthority && {
            'certificate-authority-data': base64(certificateAuthority),
          }),
          server,
        },
        name: clusterName,
      },
    ],
    contexts: [{ context: { cluster: clusterName, user: userName }, name: context }],
    'current-context': context,
    kind: 'Config',
    users: [
      {
        name: userName,
        user: {
          ...(certificate && { 'client-certificate-data': base64(certificate) }),
          'client-key-data': base64(privateKey),
        },
      },
    ],
  };
  return stringify(document, { indentSeq: false, lineWidth: 0 });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
