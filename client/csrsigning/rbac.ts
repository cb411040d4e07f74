/**
 * What `cakeless csrsigning` may do in a cluster, as objects for `kubectl apply`. Kubernetes has built-in roles for
 * approvers, and none for signers (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
 */
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';

/** The user that the cluster sees: the common name of its certificate. */
export const CSRSIGNING_USER = profileOf(CSRSIGNING_CONF).commonName;

/** One permission, as RBAC and SelfSubjectAccessReview name it. */
export interface Permission {
  readonly apiGroup: string;
  /** With the subresource, as in RBAC: `certificatesigningrequests/status`. */
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  /** @default in the whole cluster */
  readonly namespace?: string;
  /** What the forwarder does with it. */
  readonly purpose: string;
}

const CERTIFICATES = 'certificates.k8s.io';
const REQUESTS = 'certificatesigningrequests';
const SERVING = 'kubernetes.io/kubelet-serving';

/** All that it needs: without any one of them it fails. */
export const PERMISSIONS: readonly Permission[] = [
  {
    apiGroup: CERTIFICATES,
    resource: REQUESTS,
    verbs: ['get', 'list', 'watch'],
    purpose: 'find the requests',
  },
  {
    apiGroup: CERTIFICATES,
    resource: `${REQUESTS}/status`,
    verbs: ['patch'],
    purpose: 'write certificates, and why there is no certificate',
  },
  {
    apiGroup: CERTIFICATES,
    resource: 'signers',
    resourceNames: [
      'kubernetes.io/kube-apiserver-client-kubelet',
      SERVING,
      'kubernetes.io/kube-apiserver-client',
    ],
    verbs: ['sign'],
    purpose: 'write certificates of these signers (admission plugin CertificateSigning)',
  },
  {
    apiGroup: CERTIFICATES,
    resource: `${REQUESTS}/approval`,
    verbs: ['patch'],
    purpose: 'approve what the service has issued',
  },
  {
    apiGroup: CERTIFICATES,
    resource: 'signers',
    resourceNames: [SERVING],
    verbs: ['approve'],
    purpose:
      "approve serving certificates of kubelets, and nothing else (admission plugin CertificateApproval); others approve clients' certificates",
  },
  {
    apiGroup: '',
    resource: 'nodes',
    verbs: ['get'],
    purpose: 'compare the names of a serving certificate with the addresses of the node',
  },
  {
    apiGroup: '',
    resource: 'events',
    verbs: ['create', 'patch'],
    namespace: 'default',
    purpose: 'say in kubectl describe csr why there is no certificate',
  },
];

export const HOW_TO_GRANT =
  'cakeless csrsigning --rbac | kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -';

/** A ClusterRole and a Role, both bound to the forwarder's user. */
export function rbacYaml(): string {
  const inCluster = PERMISSIONS.filter(({ namespace }) => namespace === undefined);
  const inNamespace = PERMISSIONS.filter(({ namespace }) => namespace !== undefined);
  return [
    role('ClusterRole', inCluster),
    binding('ClusterRole'),
    role('Role', inNamespace),
    binding('Role'),
  ].join('---\n');
}

type Kind = 'ClusterRole' | 'Role';

const metadata = (kind: Kind) => `metadata:
  name: ${CSRSIGNING_USER}
${kind === 'Role' ? '  # events about objects without a namespace are in this one\n  namespace: default\n' : ''}  labels:
    app.kubernetes.io/name: cakeless-csrsigning
`;

const role = (
  kind: Kind,
  permissions: readonly Permission[],
) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
${metadata(kind)}rules:
${permissions.map(rule).join('')}`;

const rule = ({ apiGroup, resource, verbs, resourceNames, purpose }: Permission) => `  # ${purpose}
  - apiGroups: ["${apiGroup}"]
    resources: ["${resource}"]
${resourceNames ? `    resourceNames: [${quoted(resourceNames)}]\n` : ''}    verbs: [${quoted(verbs)}]
`;

const quoted = (words: readonly string[]) => words.map((word) => `"${word}"`).join(', ');

const binding = (kind: Kind) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
${metadata(kind)}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${kind}
  name: ${CSRSIGNING_USER}
subjects:
  # the certificate in ${CSRSIGNING_CONF}; it is valid in every cluster of the trust domain
  - apiGroup: rbac.authorization.k8s.io
    kind: User
    name: ${CSRSIGNING_USER}
`;
