/**
 * What `cakeless csrsigning` may do in a cluster, as objects for `kubectl apply`. Kubernetes has built-in roles for
 * approvers, and none for signers (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
 */
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import { TRUST_CONFIG_MAP } from '../cluster-trust/config-map.ts';
import { ROOT_CA } from '../cluster-trust/root-ca.ts';

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

/** All that it needs for CSRs: without any one of them it fails. */
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

/**
 * What it needs in a rotation (client/cluster-trust). Without them, CSRs are forwarded as before. Secrets are not among
 * them: RBAC cannot restrict a list to those of service accounts, so it would be a permission to read all.
 */
export const ROTATION_PERMISSIONS: readonly Permission[] = [
  {
    apiGroup: '',
    resource: 'nodes',
    verbs: ['list'],
    purpose: 'report which nodes exist, and which CA their kubelets have',
  },
  {
    apiGroup: '',
    resource: 'namespaces',
    verbs: ['list'],
    purpose: 'find namespaces without kube-root-ca.crt',
  },
  {
    apiGroup: '',
    resource: 'configmaps',
    resourceNames: [ROOT_CA],
    verbs: ['list'],
    purpose: 'report which CA pods verify the API server with; no other ConfigMap can be listed',
  },
  {
    apiGroup: '',
    resource: 'pods',
    verbs: ['list'],
    purpose: 'find pods that started before their namespace got the new CA',
  },
  {
    apiGroup: 'apiregistration.k8s.io',
    resource: 'apiservices',
    verbs: ['list'],
    purpose: 'find caBundles with a CA of the cluster, and APIServices that are not available',
  },
  {
    apiGroup: 'admissionregistration.k8s.io',
    resource: 'validatingwebhookconfigurations',
    verbs: ['list'],
    purpose: 'find caBundles with a CA of the cluster',
  },
  {
    apiGroup: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    verbs: ['list'],
    purpose: 'the same',
  },
  {
    apiGroup: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['list'],
    purpose: 'the same, of conversions',
  },
  {
    apiGroup: '',
    resource: 'configmaps',
    resourceNames: ['cluster-info', TRUST_CONFIG_MAP.name],
    verbs: ['get', 'patch'],
    namespace: 'kube-public',
    purpose:
      'give nodes that join the CA certificates of today, and nodes without AWS the rotation',
  },
  {
    apiGroup: '',
    resource: 'configmaps',
    resourceNames: ['extension-apiserver-authentication'],
    verbs: ['get', 'patch'],
    namespace: 'kube-system',
    purpose: 'remove the old CA at the end of a rotation, which API servers do not',
  },
];

export const HOW_TO_GRANT =
  'cakeless csrsigning --rbac | kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -';

/**
 * A ClusterRole, and a Role in each namespace that needs one, all bound to the forwarder's user; and the ConfigMap that it
 * keeps for nodes. It may not create ConfigMaps: RBAC cannot restrict that to a name.
 */
export function rbacYaml(): string {
  const all = [...PERMISSIONS, ...ROTATION_PERMISSIONS];
  const namespaces = [undefined, ...new Set(all.flatMap(({ namespace }) => namespace ?? []))];
  return [
    ...namespaces.flatMap((namespace) => [
      role(
        placeOf(namespace),
        all.filter((one) => one.namespace === namespace),
      ),
      binding(placeOf(namespace), FORWARDER),
    ]),
    trustConfigMap(),
    role(READERS_PLACE, [READING]),
    binding(READERS_PLACE, NODES),
  ].join('---\n');
}

/** Where a role is, and what it is called. */
interface Place {
  readonly name: string;
  readonly namespace: string | undefined;
}

interface Subject {
  readonly kind: 'User' | 'Group';
  readonly name: string;
  readonly why: string;
}

const placeOf = (namespace: string | undefined): Place => ({ name: CSRSIGNING_USER, namespace });

const FORWARDER: Subject = {
  kind: 'User',
  name: CSRSIGNING_USER,
  why: `the certificate in ${CSRSIGNING_CONF}; it is valid in every cluster of the trust domain`,
};

const READERS_PLACE: Place = {
  name: 'cakeless:trust-reader',
  namespace: TRUST_CONFIG_MAP.namespace,
};
const READING: Permission = {
  apiGroup: '',
  resource: 'configmaps',
  resourceNames: [TRUST_CONFIG_MAP.name],
  verbs: ['get'],
  purpose: 'cakeless renew --trust-from-cluster, on nodes without AWS credentials',
};
const NODES: Subject = { kind: 'Group', name: 'system:nodes', why: 'all kubelets' };

const kindOf = ({ namespace }: Place) => (namespace === undefined ? 'ClusterRole' : 'Role');

/** Events about objects without a namespace are in `default`. */
const metadata = ({ name, namespace }: Place) => `metadata:
  name: ${name}
${namespace === undefined ? '' : `  namespace: ${namespace}\n`}  labels:
    app.kubernetes.io/name: cakeless-csrsigning
`;

/** Without data: applying it again leaves what the forwarder has written. */
const trustConfigMap =
  () => `# what the forwarder publishes of a rotation, for nodes without AWS credentials
apiVersion: v1
kind: ConfigMap
${metadata(TRUST_CONFIG_MAP)}`;

const role = (
  place: Place,
  permissions: readonly Permission[],
) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kindOf(place)}
${metadata(place)}rules:
${permissions.map(rule).join('')}`;

const rule = ({ apiGroup, resource, verbs, resourceNames, purpose }: Permission) => `  # ${purpose}
  - apiGroups: ["${apiGroup}"]
    resources: ["${resource}"]
${resourceNames ? `    resourceNames: [${quoted(resourceNames)}]\n` : ''}    verbs: [${quoted(verbs)}]
`;

const quoted = (words: readonly string[]) => words.map((word) => `"${word}"`).join(', ');

const binding = (
  place: Place,
  { kind, name, why }: Subject,
) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kindOf(place)}Binding
${metadata(place)}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${kindOf(place)}
  name: ${place.name}
subjects:
  # ${why}
  - apiGroup: rbac.authorization.k8s.io
    kind: ${kind}
    name: ${name}
`;
