/** Every key of both buckets, with placeholders, as its writer builds it: for documentation and tests. */
import { csrObjectSchema } from '../certificates-api/csr-object.ts';
import {
  requestApprovalKey,
  requestApprovalSchema,
  standingApprovalKey,
  standingApprovalSchema,
} from './approvals.ts';
import { budgetHolderKey, budgetHolderSchema } from './budget-holder.ts';
import { caCsrKey, caCsrRecordKey, caCsrRecordSchema } from './ca-csr-record.ts';
import { claimKey, claimSchema } from './ca-key-claim.ts';
import { type CaVersionName, caCertificateKey, caRecordKey, caRecordSchema } from './ca-record.ts';
import {
  caRenewalCertificateKey,
  caRenewalRecordKey,
  caRenewalRecordSchema,
  caRenewalSignatureKey,
} from './ca-renewal-record.ts';
import { clusterRecordKey, clusterRecordSchema } from './cluster-record.ts';
import { clusterReportKey, clusterReportSchema } from './cluster-report.ts';
import { crossCertificateKey, crossRecordKey, crossRecordSchema } from './cross-record.ts';
import { csrClaimKey, csrClaimSchema } from './csr-claim.ts';
import {
  bootstrapBudgetKey,
  clusterBudgetKey,
  clusterBudgetSchema,
  nodeBudgetKey,
  nodeBudgetSchema,
} from './day-budget.ts';
import { decisionRecordSchema, issuedKey, recordKey } from './decision-record.ts';
import { type ExpiryEntry, expiryKey } from './expiry-key.ts';
import { nodeReportKey, nodeReportSchema } from './node-report.ts';
import { pendingSchema, rejectionSchema } from './outcomes.ts';
import type { Bucket } from './prefixes.ts';
import { publishedRenewalsKey, publishedRenewalsSchema } from './published-renewals.ts';
import { publishedRotationKey, publishedRotationSchema } from './published-rotation.ts';
import { RECONCILE_CURSOR_KEY, reconcileCursorSchema } from './reconcile-cursor.ts';
import { outcomeKeys, requestKey } from './request-key.ts';
import { BOOTSTRAP_HOLDER, CSR, CSR_USERS_HOLDER, USER_PATH, USERS } from './request-kinds.ts';
import { leaseKey, leaseSchema } from './restart-lease.ts';
import {
  rotationApprovalKey,
  rotationApprovalSchema,
  rotationStepKey,
  rotationStepSchema,
} from './rotation.ts';
import { rotationSummaryKey, rotationSummarySchema } from './rotation-summary.ts';
import { bundleKey, chainKey, trustDomainKey, trustDomainSchema } from './trust-domain.ts';

/** What a reader does with a field that it does not know. */
export type UnknownFields = 'ignored' | 'ignored unless in `mustUnderstand`' | 'refused';

export interface DocumentedKey {
  readonly bucket: Bucket;
  readonly key: string;
  readonly content: string;
  /** For JSON documents. */
  readonly document?: { readonly schema: unknown; readonly unknownFields: UnknownFields };
}

const WIDENABLE = 'ignored unless in `mustUnderstand`';
const widenable = (schema: unknown) => ({ schema, unknownFields: WIDENABLE }) as const;

const cluster = '<cluster>';
const trustDomain = '<trust domain>';
const ofNode = { cluster, node: '<node>', requestId: '<request id>', path: '<path>.csr' };
const ofUser = { ...ofNode, node: USERS, path: USER_PATH };
const ofKubelet = { ...ofNode, path: '<name>.json' };
const ofCsr = { ...ofKubelet, node: CSR };
const csrObject = { schema: csrObjectSchema, unknownFields: 'refused' } as const;
const request = requestKey(ofNode);
const outcomes = outcomeKeys(ofNode);
const placeholder = <T>(name: string) => name as T;
const caVersion: CaVersionName = {
  trustDomain,
  ca: placeholder('<ca>'),
  version: placeholder('<n>'),
};
const rotation = {
  trustDomain,
  ca: caVersion.ca,
  from: placeholder<number>('<n>'),
  to: placeholder<number>('<n>'),
};
const caCsr = { ...caVersion, sha256: '<SHA-256 of its contents>' };
const caRenewal = { ...caVersion, renewal: placeholder<number>('<m>') };
const certificate: ExpiryEntry = {
  day: '<YYYY-MM-DD>',
  ...ofNode,
  certificateName: '<certificate name>',
  caVersion: placeholder('<ca version>'),
  serialNumber: '<serial number>',
};

export const DOCUMENTED_KEYS: readonly DocumentedKey[] = [
  { bucket: 'exchange', key: request, content: 'CSR of a node' },
  { bucket: 'exchange', key: requestKey(ofUser), content: 'CSR of a user' },
  {
    bucket: 'exchange',
    key: requestKey(ofCsr),
    content: 'CSR of the certificates API, by a forwarder',
    document: csrObject,
  },
  {
    bucket: 'exchange',
    key: requestKey(ofKubelet),
    content: 'the same by a control-plane node, for its own kubelet',
    document: csrObject,
  },
  { bucket: 'exchange', key: outcomes.certificate, content: 'certificate, if issued' },
  {
    bucket: 'exchange',
    key: outcomes.rejected,
    content: 'violations, if rejected',
    document: { schema: rejectionSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'exchange',
    key: outcomes.pending,
    content: 'details of the pending request, for the approver',
    document: widenable(pendingSchema),
  },
  { bucket: 'exchange', key: bundleKey(trustDomain, 'ca'), content: 'what nodes trust: `ca`' },
  { bucket: 'exchange', key: bundleKey(trustDomain, 'etcd-ca'), content: 'the same of `etcd-ca`' },
  {
    bucket: 'exchange',
    key: bundleKey(trustDomain, 'front-proxy-ca'),
    content: 'the same of `front-proxy-ca`',
  },
  {
    bucket: 'exchange',
    key: bundleKey(trustDomain, 'kubelet-ca'),
    content: 'the same of `kubelet-ca`',
  },
  {
    bucket: 'exchange',
    key: chainKey(trustDomain, 'ca'),
    content: '`ca` with the certificates above it, if it is subordinate',
  },
  {
    bucket: 'exchange',
    key: chainKey(trustDomain, 'etcd-ca'),
    content: 'the same of `etcd-ca`',
  },
  {
    bucket: 'exchange',
    key: chainKey(trustDomain, 'front-proxy-ca'),
    content: 'the same of `front-proxy-ca`',
  },
  {
    bucket: 'exchange',
    key: chainKey(trustDomain, 'kubelet-ca'),
    content: 'the same of `kubelet-ca`',
  },
  {
    bucket: 'exchange',
    key: publishedRotationKey(trustDomain),
    content: 'the rotation of a CA, for nodes; exists after the first',
    document: widenable(publishedRotationSchema),
  },
  {
    bucket: 'exchange',
    key: publishedRenewalsKey(trustDomain),
    content: 'what vouches for renewed certificates of subordinate CAs; exists after the first',
    document: widenable(publishedRenewalsSchema),
  },
  {
    bucket: 'exchange',
    key: leaseKey(cluster),
    content: 'which node is restarting its components',
    document: { schema: leaseSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'exchange',
    key: nodeReportKey(cluster, ofNode.node),
    content: 'what a node says about itself',
    document: widenable(nodeReportSchema),
  },
  {
    bucket: 'exchange',
    key: clusterReportKey(cluster),
    content: 'what a forwarder says about its cluster',
    document: widenable(clusterReportSchema),
  },
  {
    bucket: 'authority',
    key: clusterRecordKey(cluster),
    content: 'cluster record',
    document: { schema: clusterRecordSchema, unknownFields: 'refused' },
  },
  {
    bucket: 'authority',
    key: trustDomainKey(trustDomain),
    content: 'the CAs of a trust domain',
    document: widenable(trustDomainSchema),
  },
  {
    bucket: 'authority',
    key: caRecordKey(caVersion),
    content: 'how version `<n>` of a CA was created',
    document: widenable(caRecordSchema),
  },
  { bucket: 'authority', key: caCertificateKey(caVersion), content: 'its certificate' },
  {
    bucket: 'authority',
    key: crossRecordKey(caVersion),
    content: 'how its key was certified by the version before',
    document: widenable(crossRecordSchema),
  },
  { bucket: 'authority', key: crossCertificateKey(caVersion), content: 'the cross certificate' },
  {
    bucket: 'authority',
    key: caCsrRecordKey(caCsr),
    content: 'which CSR its key signs, for a CA above it',
    document: widenable(caCsrRecordSchema),
  },
  { bucket: 'authority', key: caCsrKey(caCsr), content: 'that CSR' },
  {
    bucket: 'authority',
    key: caRenewalRecordKey(caRenewal),
    content: 'how its certificate was renewed for the `<m>`th time, with the same key',
    document: widenable(caRenewalRecordSchema),
  },
  {
    bucket: 'authority',
    key: caRenewalCertificateKey(caRenewal),
    content: 'the renewed certificate',
  },
  {
    bucket: 'authority',
    key: caRenewalSignatureKey(caRenewal),
    content: 'for one from outside: the signature that vouches for it',
  },
  {
    bucket: 'authority',
    key: claimKey('<SHA-256 of the public key>'),
    content: 'which CA a key belongs to',
    document: widenable(claimSchema),
  },
  {
    bucket: 'authority',
    key: rotationStepKey(rotation, placeholder('<sequence>')),
    content: 'one change of a rotation; the number has ten digits',
    document: widenable(rotationStepSchema),
  },
  {
    bucket: 'authority',
    key: recordKey(request),
    content: 'decision on a request',
    document: widenable(decisionRecordSchema),
  },
  { bucket: 'authority', key: issuedKey(request), content: 'certificate as signed' },
  {
    bucket: 'authority',
    key: csrClaimKey(cluster, '<uid>', '<SHA-256 of the public key>'),
    content: 'which request a CSR of the certificates API is issued under',
    document: { schema: csrClaimSchema, unknownFields: 'ignored' },
  },
  { bucket: 'authority', key: expiryKey(certificate), content: 'when it expires; empty' },
  {
    bucket: 'authority',
    key: nodeBudgetKey(cluster, ofNode.node, certificate.day),
    content: 'what a node has used of its budget on a day',
    document: { schema: nodeBudgetSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: clusterBudgetKey(cluster, certificate.day),
    content: 'what the nodes of a cluster have drawn from its budget',
    document: { schema: clusterBudgetSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: nodeBudgetKey(cluster, CSR_USERS_HOLDER, certificate.day),
    content: "the same of users' CSRs of the certificates API",
    document: { schema: nodeBudgetSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: nodeBudgetKey(cluster, `${BOOTSTRAP_HOLDER}<token id>`, certificate.day),
    content: 'the same of what was requested with a bootstrap token',
    document: { schema: nodeBudgetSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: bootstrapBudgetKey(cluster, certificate.day),
    content: 'what its bootstrap tokens have drawn together',
    document: { schema: clusterBudgetSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: budgetHolderKey(ofCsr, certificate.day),
    content: 'whose budget a CSR of the certificates API counts in',
    document: { schema: budgetHolderSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: RECONCILE_CURSOR_KEY,
    content: 'where reconcile continues, if a run could not look at everything',
    document: { schema: reconcileCursorSchema, unknownFields: 'ignored' },
  },
  {
    bucket: 'authority',
    key: rotationSummaryKey(trustDomain),
    content: 'what the next phase of a rotation waited for in the last daily check',
    document: widenable(rotationSummarySchema),
  },
  {
    bucket: 'authority',
    key: requestApprovalKey(request, '<plan digest>', '<aws:userid>'),
    content: "one approver's decision about a request",
    document: widenable(requestApprovalSchema),
  },
  {
    bucket: 'authority',
    key: standingApprovalKey(cluster, '<aws:userid>'),
    content: "one approver's standing approvals for a cluster",
    document: widenable(standingApprovalSchema),
  },
  {
    bucket: 'authority',
    key: rotationApprovalKey(trustDomain, '<plan digest>', '<aws:userid>'),
    content: "one approver's decision about a plan of a rotation",
    document: widenable(rotationApprovalSchema),
  },
];
