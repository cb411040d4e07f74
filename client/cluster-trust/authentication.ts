/**
 * ConfigMap kube-system/extension-apiserver-authentication: what aggregated API servers, and the ports of
 * kube-controller-manager and kube-scheduler, verify clients with. Each API server adds the CA certificates in its
 * files, and none takes one away (pkg/controlplane/controller/clusterauthenticationtrust, combineCertLists).
 */
import type { CaName } from '../../lib/profiles/certificate-names.ts';

export const AUTHENTICATION = {
  object: 'configmap/kube-system/extension-apiserver-authentication',
  path: '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
} as const;

/** Its keys with CA certificates, and the CA whose file each is of. */
export const CA_KEYS = [
  { key: 'client-ca-file', ca: 'ca' },
  { key: 'requestheader-client-ca-file', ca: 'front-proxy-ca' },
] as const satisfies readonly { readonly key: string; readonly ca: CaName }[];
