/**
 * Every field of a cluster record: the table of docs/cluster-record.md, and the descriptions, defaults and examples of its
 * JSON Schema. Texts are Markdown.
 */

export interface DocumentedField {
  /** `required`, or what is used without the field; a value is in code marks. */
  readonly default: string;
  /** A value in code marks: JSON, or a plain string. */
  readonly example: string;
  readonly allows: string;
}

const field = (byDefault: string, example: string, allows: string): DocumentedField => ({
  default: byDefault,
  example,
  allows,
});

/** By path. */
export const CLUSTER_RECORD_FIELDS: Readonly<Record<string, DocumentedField>> = {
  $schema: field(
    'none',
    '`cluster-record.json`',
    'for editors, in a record file: where the [JSON Schema](#json-schema-of-a-record) is; `cluster apply` does not store it',
  ),
  cluster: field(
    'required',
    '`prod`',
    "the `<cluster>` of requests; an RFC 1123 subdomain, and the one in the record's key",
  ),
  trustDomain: field(
    'required',
    '`prod`',
    "the trust domain whose CAs sign; clusters of a [shared trust domain](#warning-shared-trust-domains) accept each other's client certificates",
  ),
  kubernetesVersion: field(
    'required',
    '`v1.37.2`',
    'which certificates exist and which O they have; 1.19.0 or later, with its patch number',
  ),
  controlPlaneEndpoint: field(
    'none',
    '`api.prod.example.com:6443`',
    'its host is required in `apiserver`; HOST or HOST:PORT',
  ),
  networking: field('', '', 'as in kubeadm'),
  'networking.serviceSubnet': field(
    '`10.96.0.0/12`',
    '`172.30.0.0/16,fd00::/112`',
    'one range, or an IPv4 and an IPv6 range; the first address of the first is required in `apiserver`',
  ),
  'networking.dnsDomain': field(
    '`cluster.local`',
    '`prod.internal`',
    '`kubernetes.default.svc.<dnsDomain>` is required in `apiserver`',
  ),
  apiServer: field('', '', 'as in kubeadm'),
  'apiServer.certSANs': field(
    'none',
    '`["10.20.0.10", "*.api.example.com"]`',
    'all are required in `apiserver` of every control-plane node',
  ),
  etcd: field('', '', 'as in kubeadm'),
  'etcd.local': field('', '', 'as in kubeadm'),
  'etcd.local.serverCertSANs': field(
    'none',
    '`["etcd-1.example.com"]`',
    'allowed in `etcd-server` of every control-plane node',
  ),
  'etcd.local.peerCertSANs': field(
    'none',
    '`["10.20.2.11"]`',
    'allowed in `etcd-peer` of every control-plane node',
  ),
  certificateValidityPeriod: field(
    '`8760h0m0s`',
    '`2160h`',
    'validity of the leaves; a duration as in Go (`1.5h`, `90m`), whole seconds',
  ),
  nodes: field(
    'required, may be empty with `nodeRules`',
    '',
    'the nodes that may have certificates',
  ),
  'nodes[].name': field(
    'required',
    '`cp-1.prod.example.com`',
    'the `<node>` of requests, by its name in kubeadm; at most 52 characters',
  ),
  'nodes[].addresses': field(
    'required',
    '`["10.20.0.11"]`',
    "the first is kubeadm's advertise address and required in server certificates; the others are allowed there",
  ),
  'nodes[].role': field(
    'required',
    '`control-plane`',
    '`control-plane`: all certificates; `worker`: `kubelet.conf` only',
  ),
  'nodes[].uploaders': field(
    'none',
    '`["AWS:AROAEXAMPLE:i-0abc"]`',
    'principals that may upload for this node, in addition to those of the cluster',
  ),
  'nodes[].apiServer': field('', '', 'as for the cluster, only for this node'),
  'nodes[].apiServer.certSANs': field(
    'none',
    '`["203.0.113.7"]`',
    'required in `apiserver` of this node, in addition to those of the cluster',
  ),
  'nodes[].etcd': field('', '', 'as for the cluster, only for this node'),
  'nodes[].etcd.local': field('', '', 'as for the cluster, only for this node'),
  'nodes[].etcd.local.serverCertSANs': field(
    'none',
    '`["10.20.1.11"]`',
    'allowed in `etcd-server` of this node',
  ),
  'nodes[].etcd.local.peerCertSANs': field(
    'none',
    '`["10.20.2.11"]`',
    'allowed in `etcd-peer` of this node',
  ),
  'nodes[].kubelet': field('', '', "the kubelet's [serving certificate](#csrsigning)"),
  'nodes[].kubelet.certSANs': field(
    'none',
    '`["w-1.prod.example.com", "203.0.113.21"]`',
    "allowed in `kubelet-serving` of this node, in addition to the node's name and addresses; no wildcards",
  ),
  nodeRules: field(
    'none',
    '',
    "nodes that are not listed by name; a node's own entry takes precedence, then the first matching rule",
  ),
  'nodeRules[].namePattern': field(
    'required',
    '`worker-*.prod.example.com`',
    'node names; one `*` matches one or more characters, including dots',
  ),
  'nodeRules[].addressRanges': field(
    'required',
    '`["10.20.8.0/22"]`',
    'a server certificate may contain one IPv4 and one IPv6 address from these ranges, and must contain at least one',
  ),
  'nodeRules[].role': field('required', '`worker`', 'as for nodes'),
  'nodeRules[].kubelet': field('', '', "the kubelets' [serving certificates](#csrsigning)"),
  'nodeRules[].kubelet.certSANs': field(
    'none',
    '`["ec2-*.eu-central-1.compute.amazonaws.com"]`',
    "names allowed in `kubelet-serving`, in addition to the node's name; one `*` matches one or more characters, including dots, and cannot be the last one",
  ),
  'nodeRules[].kubelet.addressRanges': field(
    'none',
    '`["3.64.0.0/12"]`',
    "addresses allowed in `kubelet-serving`, in addition to the rule's `addressRanges`; any number of them",
  ),
  uploaders: field(
    'none: any principal that IAM allows',
    '`["AWS:AROAEXAMPLE:*"]`',
    'principals that may upload for any node, as S3 events name them; a trailing `*` matches any ending',
  ),
  approvalRequired: field(
    'none',
    '`["admin.conf"]`',
    'certificate names that must be approved, in addition to every certificate of `ca` with `system:masters`',
  ),
  requiredApprovals: field(
    '1',
    '`2`',
    'how many approvers must approve, 10 at most; it cannot lower what the deployment requires of the trust domain. One person can count as several unless the deployment sets [`approvers.sessionName`](deployment.md#sessions-of-people)',
  ),
  limits: field('', '', 'limits of one certificate, and of what is requested in a day'),
  'limits.maxNames': field('100', '`30`', 'SANs in one certificate; 100 at most'),
  'limits.nodeRequestsPerDay': field(
    'see [budgets](#budgets)',
    '`500`',
    'requests of one node in a day; 10,000 at most',
  ),
  'limits.nodeCertificatesPerDay': field(
    'see [budgets](#budgets)',
    '`250`',
    'certificates of one node in a day; 10,000 at most',
  ),
  'limits.userRequestsPerDay': field(
    'see [budgets](#budgets)',
    '`500`',
    'requests of all users of the cluster in a day, and as many again for their CSRs that a forwarder uploads; 10,000 at most',
  ),
  'limits.userCertificatesPerDay': field(
    'see [budgets](#budgets)',
    '`250`',
    'certificates of all users of the cluster in a day, and as many again for their CSRs that a forwarder uploads; 10,000 at most',
  ),
  'limits.clusterRequestsPerDay': field(
    'see [budgets](#budgets)',
    '`5000`',
    'requests of the whole cluster in a day; 1,000,000 at most',
  ),
  'limits.clusterCertificatesPerDay': field(
    'see [budgets](#budgets)',
    '`2500`',
    'certificates of the whole cluster in a day; 1,000,000 at most',
  ),
  allowedKeys: field(
    'all that Cakeless accepts; not empty',
    '`["ECDSA-P256"]`',
    'key algorithms: `ECDSA-P256`, `ECDSA-P384`, `RSA-2048` … `RSA-4096`',
  ),
  users: field('none: no user gets a certificate', '', 'the rule for [users](#users)'),
  'users.organizations': field(
    'none',
    '`["team-a"]`',
    'groups (O) that may be requested; of those that begin with `system:`, only `system:masters`, which always needs an approval, as do those that begin with `kubeadm:`',
  ),
  'users.maxValidityPeriod': field(
    '`24h`',
    '`8h`',
    'longest validity, and the validity of a request that names none; `8760h` at most',
  ),
  'users.approvalRequired': field('`true`', '`false`', 'whether user requests must be approved'),
  'users.approvers': field(
    'none: anyone who may write approvals',
    '`["AWS:AROAEXAMPLE:*"]`',
    'principals whose approval of a user counts: `AWS:` and their `aws:userid`',
  ),
  'users.uploaders': field(
    'none: any principal that IAM allows',
    '`["AWS:AROAEXAMPLE:*"]`',
    "principals that may upload user requests; the cluster's `uploaders` are for nodes",
  ),
  'users.namePatterns': field(
    'none: any name',
    '`["*@example.com"]`',
    'common names; one `*` matches one or more characters',
  ),
  csrSigning: field(
    'none: no CertificateSigningRequest is signed',
    '',
    "the rule for [CSRs of Kubernetes' certificates API](#csrsigning)",
  ),
  'csrSigning.uploaders': field(
    'none: any principal that IAM allows',
    '`["AWS:AROAEXAMPLE:*"]`',
    'principals that may upload below `csr/`',
  ),
  'csrSigning.clusterSigningDuration': field(
    'as `certificateValidityPeriod`',
    '`720h`',
    'longest validity, and the validity of a CSR without `expirationSeconds`; `10m` at least',
  ),
  'csrSigning.kubeletClient': field(
    'none: refused',
    '`{}`',
    'CSRs with signer `kubernetes.io/kube-apiserver-client-kubelet`',
  ),
  'csrSigning.kubeletClient.roles': field(
    '`["control-plane", "worker"]`',
    '`["worker"]`',
    'roles of the nodes that get one',
  ),
  'csrSigning.kubeletServing': field(
    'none: refused',
    '`{}`',
    'CSRs with signer `kubernetes.io/kubelet-serving`',
  ),
  'csrSigning.kubeletServing.roles': field(
    '`["control-plane", "worker"]`',
    '`["worker"]`',
    'roles of the nodes that get one',
  ),
  'csrSigning.kubeletServing.dangerouslySignByCA': field(
    '`false`',
    '`true`',
    'whether `ca` signs where the trust domain has no `kubelet-ca`, even for nodes that match a rule, and in a shared trust domain; a wrong name then [makes an API server](#csrsigning)',
  ),
  'csrSigning.kubeAPIServerClient': field(
    'none: refused',
    '`{}`',
    'CSRs with signer `kubernetes.io/kube-apiserver-client`, by the rule in `users`',
  ),
};
