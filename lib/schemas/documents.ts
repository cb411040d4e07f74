/** The documents of both buckets, with their JSON Schemas' names. */
import { csrObjectSchema } from '../certificates-api/csr-object.ts';
import { requestApprovalSchema, standingApprovalSchema } from '../contract/approvals.ts';
import { budgetHolderSchema } from '../contract/budget-holder.ts';
import { caCsrRecordSchema } from '../contract/ca-csr-record.ts';
import { claimSchema } from '../contract/ca-key-claim.ts';
import { caRecordSchema } from '../contract/ca-record.ts';
import { caRenewalRecordSchema } from '../contract/ca-renewal-record.ts';
import { clusterRecordSchema } from '../contract/cluster-record.ts';
import { clusterReportSchema } from '../contract/cluster-report.ts';
import { crossRecordSchema } from '../contract/cross-record.ts';
import { csrClaimSchema } from '../contract/csr-claim.ts';
import { clusterBudgetSchema, nodeBudgetSchema } from '../contract/day-budget.ts';
import { decisionRecordSchema } from '../contract/decision-record.ts';
import { nodeReportSchema } from '../contract/node-report.ts';
import { pendingSchema, rejectionSchema } from '../contract/outcomes.ts';
import { publishedRenewalsSchema } from '../contract/published-renewals.ts';
import { publishedRotationSchema } from '../contract/published-rotation.ts';
import { reconcileCursorSchema } from '../contract/reconcile-cursor.ts';
import { leaseSchema } from '../contract/restart-lease.ts';
import { rotationApprovalSchema, rotationStepSchema } from '../contract/rotation.ts';
import { rotationSummarySchema } from '../contract/rotation-summary.ts';
import { trustDomainSchema } from '../contract/trust-domain.ts';
import { describeRecordField, describeWith } from './describe.ts';
import { FIELDS } from './fields.ts';
import type { DescribedDocument } from './json-schema.ts';

const WIDENABLE = 'ignored unless in `mustUnderstand`';

/** What people write comes first. */
export const BUCKET_DOCUMENTS: readonly DescribedDocument[] = [
  {
    name: 'cluster-record',
    title: 'a cluster record',
    schema: clusterRecordSchema,
    unknownFields: 'refused',
    describe: describeRecordField,
  },
  {
    name: 'csr-object',
    title: 'a CertificateSigningRequest of the certificates API, as it is uploaded',
    schema: csrObjectSchema,
    unknownFields: 'refused',
    describe: describeWith(FIELDS.csrObject),
  },
  {
    name: 'rejection',
    title: 'the outcome of a request that is rejected',
    schema: rejectionSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.rejection),
  },
  {
    name: 'pending',
    title: 'the outcome of a request that needs approval',
    schema: pendingSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.pending),
  },
  {
    name: 'request-approval',
    title: "an approver's decision about a request",
    schema: requestApprovalSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.requestApproval),
  },
  {
    name: 'standing-approval',
    title: "an approver's standing approvals for a cluster",
    schema: standingApprovalSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.standingApproval),
  },
  {
    name: 'rotation-approval',
    title: "an approver's decision about a plan of a rotation",
    schema: rotationApprovalSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.rotationApproval),
  },
  {
    name: 'decision-record',
    title: 'the record of a decision',
    schema: decisionRecordSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.decisionRecord),
  },
  {
    name: 'csr-claim',
    title: 'which request a CSR of the certificates API is issued under',
    schema: csrClaimSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.csrClaim),
  },
  {
    name: 'trust-domain',
    title: 'the CAs of a trust domain',
    schema: trustDomainSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.trustDomain),
  },
  {
    name: 'rotation-step',
    title: 'one change of a rotation',
    schema: rotationStepSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.rotationStep),
  },
  {
    name: 'rotation',
    title: 'the rotation of a CA, as nodes read it',
    schema: publishedRotationSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.publishedRotation),
  },
  {
    name: 'renewals',
    title: 'what vouches for renewed certificates of subordinate CAs, as nodes read it',
    schema: publishedRenewalsSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.publishedRenewals),
  },
  {
    name: 'ca-record',
    title: 'the record of a CA version',
    schema: caRecordSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.caRecord),
  },
  {
    name: 'cross-record',
    title: 'the record of a cross certificate',
    schema: crossRecordSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.crossRecord),
  },
  {
    name: 'ca-csr-record',
    title: 'the record of a CSR that the key of a CA signs',
    schema: caCsrRecordSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.caCsrRecord),
  },
  {
    name: 'ca-renewal-record',
    title: 'the record of a CA certificate that is renewed with the same key',
    schema: caRenewalRecordSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.caRenewalRecord),
  },
  {
    name: 'ca-key-claim',
    title: 'which CA a key belongs to',
    schema: claimSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.caKeyClaim),
  },
  {
    name: 'node-budget',
    title: 'what a node has used of its budget on a day',
    schema: nodeBudgetSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.nodeBudget),
  },
  {
    name: 'cluster-budget',
    title: 'what the nodes of a cluster have drawn from its budget on a day',
    schema: clusterBudgetSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.clusterBudget),
  },
  {
    name: 'budget-holder',
    title: 'whose budget a CSR of the certificates API counts in',
    schema: budgetHolderSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.budgetHolder),
  },
  {
    name: 'restart-lease',
    title: 'which node of a cluster is restarting its components',
    schema: leaseSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.restartLease),
  },
  {
    name: 'node-report',
    title: 'what a node says about itself',
    schema: nodeReportSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.nodeReport),
  },
  {
    name: 'cluster-report',
    title: 'who in a cluster trusts which CA certificates',
    schema: clusterReportSchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.clusterReport),
  },
  {
    name: 'reconcile-cursor',
    title: 'where reconcile continues',
    schema: reconcileCursorSchema,
    unknownFields: 'ignored',
    describe: describeWith(FIELDS.reconcileCursor),
  },
  {
    name: 'rotation-summary',
    title: 'what the next phase of a rotation waited for in the last daily check',
    schema: rotationSummarySchema,
    unknownFields: WIDENABLE,
    describe: describeWith(FIELDS.rotationSummary),
  },
];
