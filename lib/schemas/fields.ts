/** What the fields of documents mean, for their JSON Schemas. The cluster record has its own table. */
import { CA_NAMES } from '../profiles/certificate-names.ts';

/** Fields that mean the same wherever they occur, by name. */
export const COMMON_FIELDS: Readonly<Record<string, string>> = {
  request: 'key of the request in the exchange bucket',
  certificateName: "kubeadm's name of the certificate",
  cluster: 'the cluster',
  node: 'the node, by its name in kubeadm',
  trustDomain: 'the trust domain',
  ca: 'the CA',
  decidedAt: 'when it was decided, in ISO 8601 and UTC',
  reason: 'why',
  mustUnderstand:
    'fields of this object that a reader must understand; a reader that does not must reject the document',
  keyId: 'ARN of the key in KMS',
  keySpec: 'key spec of the key in KMS',
  publicKey: 'SubjectPublicKeyInfo, DER in base64',
  tbs: 'the TBSCertificate that is signed, DER in base64; a retry signs the same bytes',
  csrSha256: 'SHA-256 of the uploaded object, in lower-case hex',
  planDigest: 'digest of everything that would be certified; an approval names it',
  uploader: 'who uploaded, as the S3 event named the principal; absent if no event did',
  approver: '`aws:userid` of the approver',
  commonName: 'CN of the certificate',
  organizations: 'O of the certificate',
  dnsNames: 'DNS names of the certificate',
  ipAddresses: 'IP addresses of the certificate',
  extendedKeyUsages: 'extended key usages of the certificate',
  validitySeconds:
    'validity that was requested, in seconds; the certificate expires earlier if the CA does',
  violations: 'every reason why the request is rejected',
  code: 'which rule is violated',
  field: 'the field that violates it',
  got: 'its value',
  allowed: 'what is allowed',
  fix: 'what has to become true',
  schema: 'version of the format',
};

const violations = {
  'violations[].field': 'the part of the request that violates it',
};

const counted = (prefix: string) => ({
  [`${prefix}[].kind`]: '`request`: for this request alone; `standing`: for the certificate name',
});

/** Fields of each document that are not common, or mean something else there, by path. */
const PHASE =
  '`trust`: nodes take the new CA beside the old one; `issue`: they replace their certificates; `retire`: they drop the old CA';
const COMPROMISED =
  'whether the old key may be in other hands, so that nothing that it signs vouches for anything';

const fingerprintsOf = (path: string) => ({
  [`${path}.version`]: 'number of the version',
  [`${path}.sha256`]: 'SHA-256 digest of its certificate, in hexadecimal',
  [`${path}.publicKeySha256`]: 'SHA-256 digest of its SubjectPublicKeyInfo, in hexadecimal',
});

export const FIELDS = {
  csrObject: {
    apiVersion: 'the group and version of the certificates API',
    kind: 'the kind of object',
    metadata: 'which CSR it is',
    'metadata.name': 'its name in the cluster',
    'metadata.uid': 'its uid, which is the request id of the first attempt',
    'metadata.creationTimestamp': 'when it was created, in ISO 8601 and UTC',
    spec: 'what is requested, and by whom; the API server never changes it',
    'spec.request': 'base64 of the CSR as one PEM block',
    'spec.signerName': 'the signer, which also decides the last part of the key',
    'spec.usages': 'the key usages that are requested: one of the sets of the signer',
    'spec.expirationSeconds': 'the validity that is requested, in seconds; it may be shortened',
    'spec.username': 'who created the CSR, as the API server authenticated them',
    'spec.uid': 'their uid',
    'spec.groups': 'their groups: those of Kubernetes (`system:…`) and the first 50 others',
    'spec.extra': 'what Kubernetes knows about their credential (`authentication.kubernetes.io/…`)',
    status: 'what was decided in the cluster',
    'status.conditions': 'conditions, as the API server has them',
    'status.conditions[].type': '`Approved`, `Denied` or `Failed`',
    'status.conditions[].status': '`True`',
    'status.conditions[].reason': 'why, in a word',
    'status.conditions[].message': 'why, as text: the first 1,024 characters',
  },
  rejection: {
    certificateName: "kubeadm's name of the certificate; absent if the path requests none",
    ...violations,
    tryAgain: 'how to request again, after everything is fixed',
  },
  pending: {
    since: 'when the request became pending, in ISO 8601 and UTC',
    waitingFor: 'what the request is waiting for',
    ca: 'the CA that would sign',
    trustDomain: 'the trust domain whose CA would sign',
    requiredApprovals: 'how many approvers have to approve',
    approvals: 'the approvals that count so far',
    ...counted('approvals'),
    uncounted: 'approvals that do not count, and why',
  },
  decisionRecord: {
    decision: '`issue` or `reject`',
    kubernetesVersion: 'Kubernetes version of the cluster, whose profile is used',
    caVersion: 'version of the CA that signs',
    approval: 'the approval that the certificate needed and got; absent if it needed none',
    'approval.reason': 'why an approval was needed',
    'approval.required': 'how many approvers were needed',
    'approval.by': 'the approvals that counted',
    ...counted('approval.by'),
    certificate: 'what is certified',
    'certificate.serialNumber': 'serial number, in lower-case hex',
    'certificate.notBefore': 'start of the validity, in ISO 8601 and UTC',
    'certificate.notAfter': 'end of the validity, in ISO 8601 and UTC',
    'certificate.keyAlgorithm': 'algorithm of the certified key',
    deniedBy: '`aws:userid` of the approver who denied it',
    ...violations,
  },
  trustDomain: {
    cas: 'its CAs; only `ca` must exist',
    sequence: 'number of the last change of a rotation; absent before the first',
    rotation: 'the rotation that is under way; absent while the trust domain is stable',
    'rotation.ca': 'the CA that is rotated',
    'rotation.from': 'the version that signed before',
    'rotation.to': 'the version that is to sign',
    'rotation.phase': PHASE,
    'rotation.since': 'when the phase began, in ISO 8601 and UTC',
    'rotation.startedAt': 'when the rotation began, in ISO 8601 and UTC',
    'rotation.compromised': COMPROMISED,
    ...Object.fromEntries(
      CA_NAMES.flatMap((ca) => [
        [`cas.${ca}`, 'a CA with all its versions'],
        [`cas.${ca}.signing`, 'number of the version that signs now'],
        [`cas.${ca}.versions`, 'its keys and certificates'],
        [`cas.${ca}.versions[].version`, 'number of the version, from 1'],
        [
          `cas.${ca}.versions[].origin`,
          '`made`: created here; `adopted`: the certificate of an existing cluster, whose key was imported; `subordinate`: signed by a CA above it; absent: `made`',
        ],
        [`cas.${ca}.versions[].since`, 'when the trust domain got it, in ISO 8601 and UTC'],
        [`cas.${ca}.versions[].certificate`, 'the CA certificate in PEM'],
        [
          `cas.${ca}.versions[].chain`,
          'the certificates above a subordinate CA in PEM: each is issued by the next, and the last is the root',
        ],
        [
          `cas.${ca}.versions[].cross`,
          "this version's key certified by the version before, in PEM; absent if that one cannot vouch for it",
        ],
        [
          `cas.${ca}.versions[].endedAt`,
          'when nodes no longer trusted it, in ISO 8601 and UTC; absent while they do',
        ],
        [`cas.${ca}.versions[].renewals`, 'how often it was renewed with the same key'],
        [
          `cas.${ca}.versions[].renewed`,
          'its certificates before these renewals, in PEM, the oldest first',
        ],
      ]),
    ),
  },
  caRecord: {
    version: 'number of the version, from 1',
    origin:
      '`made`: the record of a certificate that is created; `adopted`: of an existing one; `subordinate`: of one that an outside CA issued',
    certificate: 'the certificate from outside, DER in base64',
    chain: 'the certificates above it in PEM, the root last',
    proof: 'what KMS signs to prove that it has the key of the certificate, in base64; not DER',
  },
  crossRecord: {
    version: 'number of the CA version that is certified',
    keyId: 'ARN of the key that signs',
    keySpec: 'key spec of the key that signs',
    publicKey: 'public key that signs, SubjectPublicKeyInfo in DER and base64',
    signer: 'number of the CA version that signs',
    tbs: 'TBSCertificate, DER in base64: what is signed',
  },
  rotationStep: {
    from: 'the version that signed before the rotation',
    to: 'the version that is to sign after it',
    sequence: 'number of the change in the trust domain, from 1',
    before: 'the phase before the change',
    after: 'the phase after it; the same if the old CA was declared compromised',
    compromised: COMPROMISED,
    at: 'when it was decided, in ISO 8601 and UTC',
    planDigest: 'digest of the plan that was approved; absent if the change needs no approval',
    approvedBy: '`aws:userid` of those who approved the plan',
    waivers: 'missing evidence that was accepted',
    'waivers[].subject': 'what or whose evidence was missing',
    'waivers[].reason': 'why it may be missing',
    evidenceSha256: 'SHA-256 digest of the evidence; absent if the change needs none',
  },
  publishedRotation: {
    sequence: 'number of the last change: a node ignores a lower one than it has seen',
    at: 'when something last changed, in ISO 8601 and UTC',
    rotation: 'the rotation that is under way; absent while the trust domain is stable',
    'rotation.ca': 'the CA that is rotated',
    'rotation.phase': PHASE,
    'rotation.since': 'when the phase began, in ISO 8601 and UTC',
    'rotation.compromised': COMPROMISED,
    'rotation.from': 'the version that signed before',
    'rotation.to': 'the version that is to sign',
    'rotation.cross':
      'the key of the new version certified by the old one, in PEM; absent if that one cannot vouch for it',
    ...fingerprintsOf('rotation.from'),
    ...fingerprintsOf('rotation.to'),
    ended: 'versions that no node trusts any more, the newest first',
    'ended[].ca': 'the CA that had the version',
    ...fingerprintsOf('ended[]'),
  },
  rotationApproval: {
    phase: 'the phase whose start is approved or denied',
    planDigest: 'digest of the plan that was looked at',
    decision: 'whether the plan is approved or denied',
  },
  caCsrRecord: {
    version: 'number of the CA version that the CSR is for, from 1',
    commonName: 'common name that the CSR asks for',
    request: 'CertificationRequestInfo, DER in base64: what is signed',
  },
  caKeyClaim: {
    version: 'number of the CA version that has the key',
  },
  requestApproval: {
    decision: 'whether the plan is approved or denied',
  },
  standingApproval: {
    grants: 'what is allowed without an approval for each request',
    'grants[].organizations': 'the most organizations that the certificate may have',
    'grants[].trustDomain': 'the trust domain that it is allowed for',
    'grants[].maxValiditySeconds': 'the longest validity that is allowed, in seconds',
    denials: 'certificate names for which no grant of any approver counts',
  },
  nodeBudget: {
    requests: 'the requests that count, each once, by a digest of its key',
    certificates: 'those of them for which a certificate was, or may be, issued',
    drawn: 'what the node has drawn from the budget of its cluster',
    'drawn.requests': 'number of requests',
    'drawn.certificates': 'number of certificates',
    closedThrough: 'no other request that was uploaded up to this time counts',
    'closedThrough.requests': 'a time, in ISO 8601 and UTC',
    'closedThrough.certificates': 'a time, in ISO 8601 and UTC',
  },
  clusterBudget: {
    drawn: 'what the nodes of the cluster have drawn',
    'drawn.requests': 'number of requests',
    'drawn.certificates': 'number of certificates',
  },
  csrClaim: {
    request: 'key of the request; other attempts in the same place may be issued instead',
  },
  budgetHolder: {
    holder: 'a node, or csr for all names that the record does not know as workers',
  },
  restartLease: {
    holder: 'the node that holds the lease; null after it was released',
    id: 'distinguishes two leases of the same node',
    seconds: 'how long the lease is held after its last write',
  },
  nodeReport: {
    at: 'when it was written, by the clock of the node',
    by: 'the command that wrote it',
    versions: 'versions of Cakeless, and of the components that run as static pods',
    'versions.cakeless': 'version of the command',
    'versions.components': 'versions from the manifests',
    'versions.components[].name': 'such as kube-apiserver',
    'versions.components[].version': 'version of its image',
    certificates: 'those of kubeadm that are in place',
    'certificates[].name': 'certificate name',
    'certificates[].file': 'the file that contains it',
    'certificates[].sha256': 'fingerprint',
    'certificates[].notAfter': 'when it expires',
    'certificates[].ca': 'the CA that should have signed it',
    'certificates[].caSha256':
      'fingerprint of the certificate of the CA file that it chains to; absent if it chains to none',
    served: 'certificates that components of the node serve',
    'served[].component': 'such as kube-apiserver',
    'served[].sha256': 'fingerprint',
    'served[].issuer': 'its issuer, as text',
    caFiles: 'the CA files of the node',
    'caFiles[].ca': 'the CA',
    'caFiles[].file': 'its file',
    'caFiles[].sha256': 'fingerprints of its certificates, in order',
    kubeconfigs: 'the kubeconfigs of the node',
    'kubeconfigs[].file': 'the file',
    'kubeconfigs[].sha256': 'fingerprints of its CA data, in order',
    caKeys: 'files with the private key of a CA',
    signing: 'flags of kube-controller-manager; absent on a worker',
    'signing.file': 'its manifest',
    'signing.flags': 'the --cluster-signing-* flags that have a value, with their values',
    'signing.signs': 'whether its signing controller runs',
    renewal: 'the last renewal of the node; absent if none is remembered',
    'renewal.at': 'when it ended',
    'renewal.exitCode': 'exit code of the command',
  },
  reconcileCursor: {
    after:
      'the last key of `requests/` that was checked; absent if the next run starts at the first key',
    continued:
      'for clusters and nodes with more objects than one run checks: the last key that was checked, by prefix',
    daily: 'whether this pass wakes all pending requests, up to the last key',
    ledger: 'the daily check of the ledger, while it is in progress',
    'ledger.after': 'the last key of `records/` that was checked',
    seen: 'totals of the keys up to `after`',
    last: 'totals of all keys when the last one was reached',
    ...Object.fromEntries(
      ['seen', 'last'].flatMap((totals) => [
        [`${totals}.waiting`, 'how many requests need approval'],
        [
          `${totals}.oldestWaiting`,
          'when the oldest of them became pending, in milliseconds since 1970',
        ],
        [
          `${totals}.oldestOpen`,
          'upload of the oldest request without an outcome, in milliseconds since 1970',
        ],
      ]),
    ),
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
