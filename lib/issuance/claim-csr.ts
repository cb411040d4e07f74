/**
 * One CSR of the certificates API has one certificate. Within one place the order of its attempts sees to that
 * (attempts.ts). But if the role of a node changes while a CSR is open, the CSR can be requested in two places: below `csr/`,
 * and below the node's name. The first request that is to be issued claims the CSR for its place. A forwarder can upload
 * anything under a uid, so it is the CSR's key that is claimed: it cannot claim the CSR of a control-plane node.
 */
import { createHash } from 'node:crypto';
import { attemptOf } from '../certificates-api/attempts.ts';
import { csrClaimKey, csrClaimSchema } from '../contract/csr-claim.ts';
import { parseRequestKey, type RequestAddress } from '../contract/request-key.ts';
import { Fault } from '../fault.ts';
import { quote } from '../printable.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { Decision } from './decide.ts';

type IssueDecision = Extract<Decision, { kind: 'issue' }>;
type ClaimedDecision = IssueDecision | Extract<Decision, { kind: 'reject' }>;

/**
 * Before the record of the decision is written; at the same time, the request is counted.
 * @returns the decision, or a rejection if the CSR belongs to another place
 */
export async function claimCsr(
  { authority }: Pick<Service, 'authority'>,
  address: RequestAddress,
  decision: IssueDecision,
): Promise<ClaimedDecision> {
  const uid = attemptOf(address.requestId)?.uid;
  if (uid === undefined) throw new Error(`${address.key}: is no attempt of a CSR`);
  const { publicKey } = decision.record.certificate;
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
  const key = csrClaimKey(address.cluster, uid, digest);
  const created = await authority.create(key, formatDocument({ request: address.key }), JSON_TYPE);
  if (created === 'created') return decision;
  const claim = await readDocument(authority, key, csrClaimSchema);
  if (!claim) throw new Fault('unavailable', `${key}: exists, and cannot be read`);
  const holder = parseRequestKey(claim.request);
  if (holder?.node === address.node && holder.path === address.path) return decision;
  return reject(decision, claim.request);
}

function reject(
  { record, ...decision }: IssueDecision,
  claimedBy: string,
): Extract<Decision, { kind: 'reject' }> {
  const { schema, request, csrSha256, uploader, decidedAt, certificateName } = record;
  return {
    ...decision,
    kind: 'reject',
    record: {
      schema,
      request,
      csrSha256,
      ...(uploader !== undefined && { uploader }),
      decidedAt,
      decision: 'reject',
      certificateName,
      violations: [
        {
          code: 'attempt-order',
          field: 'requestId',
          got: `a CSR that is already issued under ${quote(claimedBy)}`,
          allowed: 'one certificate for one CSR',
          fix: 'use that certificate, or create a new CSR',
        },
      ],
    },
  };
}
