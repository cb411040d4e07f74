/** Drafts the certificate of a plan, and its record. */
import type { IssueRecord } from '../contract/decision-record.ts';
import type { Service } from '../service.ts';
import type { AppraisedPlan } from './appraise.ts';
import { certificateFields } from './certificate-fields.ts';
import { describeFields } from './recorded-fields.ts';
import { writeTbsCertificate } from './tbs-certificate.ts';

/** What the records of all decisions contain. */
export type CommonFields = Pick<
  IssueRecord,
  'schema' | 'request' | 'csrSha256' | 'uploader' | 'decidedAt'
>;

interface Draft extends Pick<Service, 'randomBytes'> {
  readonly common: CommonFields;
  readonly decidedAt: Date;
}

export function draftRecord(
  { plan, ca, record }: AppraisedPlan,
  approval: IssueRecord['approval'],
  { common, decidedAt, randomBytes }: Draft,
): IssueRecord {
  const fields = certificateFields(plan, ca, decidedAt, randomBytes);
  const tbs = writeTbsCertificate(fields, ca);
  return {
    ...common,
    decision: 'issue',
    certificateName: plan.certificateName,
    kubernetesVersion: record.kubernetesVersionText,
    trustDomain: record.trustDomain,
    ca: ca.name,
    caVersion: ca.version,
    keyId: ca.keyId,
    validitySeconds: plan.validitySeconds,
    ...(approval && { approval }),
    certificate: describeFields(fields),
    tbs: Buffer.from(tbs).toString('base64'),
  };
}
