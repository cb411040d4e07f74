/**
 * Whether a record may be signed. `sign` checks a record before it writes it, and a record that it finds before it
 * signs. `watch-signatures` checks it after the signature: a signature for a record that does not fit counts as one
 * without a record.
 */
import { type IssuingCa, issuingCasOf } from '../ca/issuing-ca.ts';
import type { IssueRecord } from '../contract/decision-record.ts';
import { type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import { whyAlwaysApproved } from '../policy/always-approved.ts';
import { type PlanToApprove, weighApprovals } from '../policy/approval.ts';
import { judgeRecord } from '../policy/judge-record.ts';
import { type PlanTerms, planDigest } from '../policy/plan-digest.ts';
import { quote } from '../printable.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import type { StoredObject } from '../store/object-store.ts';
import { validityFrom } from './certificate-fields.ts';
import type { RecordGrounds } from './grounds.ts';
import { JUDGES_LATER } from './judges-later.ts';
import { type LintedTbs, lint } from './lint.ts';
import { fieldsOf } from './recorded-fields.ts';

export type RecordCheckDeps = Pick<Service, 'now' | 'rules'>;

/** What is signed. Only `checkRecord` makes one. */
export interface CheckedDraft {
  readonly fits: true;
  readonly ca: IssuingCa;
  readonly tbs: LintedTbs;
}

export type RecordCheck =
  | CheckedDraft
  /** What does not fit, as text. */
  | { readonly fits: false; readonly misfits: readonly string[] };

/**
 * @param address from the key of the record
 * @param csr what is in the exchange bucket under the request's key
 * @param grounds of the decision, if this run made it; otherwise what is stored now
 * @throws Fault document-malformed if an approval or the trust domain cannot be read
 */
export async function checkRecord(
  deps: RecordCheckDeps,
  address: RequestAddress,
  record: IssueRecord,
  csr: StoredObject | undefined,
  grounds: RecordGrounds,
): Promise<RecordCheck> {
  const rule = deps.rules(record.trustDomain);
  const misfits = await judgeRecord(address, record, csr, rule, JUDGES_LATER);
  if (misfits.length > 0) return { fits: false, misfits };
  const cas = await findCas(grounds, record);
  if (typeof cas === 'string') return { fits: false, misfits: [cas] };
  const ofDates = cas.map((ca) => ({ ca, misfits: judgeDates(record, ca, deps.now()) }));
  const ca = ofDates.find(({ misfits: found }) => found.length === 0)?.ca;
  if (!ca) return { fits: false, misfits: ofDates[0]?.misfits ?? [] };
  const linted = lint(Buffer.from(record.tbs, 'base64'), fieldsOf(record), ca);
  const found = [
    ...linted.findings,
    ...(await judgeApproval(grounds, address, record, rule.requiredApprovals)),
  ];
  if (!linted.tbs || found.length > 0) return { fits: false, misfits: found };
  return { fits: true, ca, tbs: linted.tbs };
}

/** The CA with each certificate that it has had: a record may be older than the renewal of its CA. */
async function findCas(
  grounds: RecordGrounds,
  { trustDomain, ca, caVersion, keyId }: IssueRecord,
): Promise<IssuingCa[] | string> {
  const document = await grounds.trustDomain(trustDomain);
  const found = document ? issuingCasOf(document, ca, caVersion) : [];
  if (found.length > 0 && found.every((one) => one.keyId === keyId)) return found;
  return `trust domain ${quote(trustDomain)} has no version ${caVersion} of ${ca} with the key ${quote(keyId)}`;
}

/** The clocks of two runs differ by less. */
const MAX_CLOCK_SKEW_MS = 5 * 60 * 1000;

/** The dates follow from the time of the decision, which is not in the future. */
function judgeDates(
  { decidedAt, validitySeconds, certificate }: IssueRecord,
  ca: IssuingCa,
  now: Date,
): string[] {
  const decided = new Date(decidedAt);
  if (!(decided.getTime() <= now.getTime() + MAX_CLOCK_SKEW_MS))
    return [`it was decided at ${quote(decidedAt)}, which is not a time in the past`];
  const { notBefore, notAfter } = validityFrom(decided, validitySeconds, ca);
  const expected = `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
  const got = `${certificate.notBefore} to ${certificate.notAfter}`;
  return got === expected ? [] : [`the validity is ${quote(got)}, expected ${expected}`];
}

/**
 * The approval that the record names, weighed again. A forger can leave it out where only a cluster record required it:
 * that is not known here.
 */
async function judgeApproval(
  grounds: RecordGrounds,
  address: RequestAddress,
  record: IssueRecord,
  floor: number,
): Promise<string[]> {
  const { ca, certificateName, certificate, approval, uploader } = record;
  const { organizations } = certificate;
  const always = whyAlwaysApproved({ ca, certificateName, organizations });
  if (!approval) return always === undefined ? [] : [`it needs an approval: ${always}`];
  const plan = planOf(address, record, Math.max(floor, approval.required));
  if (approval.planDigest !== plan.digest)
    return [
      `its approval is for the plan ${quote(approval.planDigest)}, but its plan is ${plan.digest}`,
    ];
  const given = await grounds.approvals(plan);
  if (!given) return ['there are more approval objects than are read'];
  const named = new Set(approval.by.map(({ approver }) => approver));
  const state = weighApprovals(
    plan,
    {
      // a denial by someone else came after the decision, or the record would be one of a rejection
      ofRequest: given.ofRequest.filter(({ approver }) => named.has(approver)),
      standing: given.standing,
    },
    uploader,
  );
  if (state.state === 'denied') return [`${state.by} denied it`];
  if (state.state === 'approved') return [];
  const why = state.uncounted.map(({ approver, reason }) => `; that of ${approver}: ${reason}`);
  return [`it has ${state.by.length} of the ${state.required} approvals it needs${why.join('')}`];
}

/**
 * What an approver would see for the record, which `judgeRecord` has compared with the request. It is computed from the
 * record, not from the appraisal, so an approval counts only if its digest is that of what would be signed.
 */
function planOf(
  address: RequestAddress,
  { csrSha256, trustDomain, ca, certificateName, validitySeconds, certificate }: IssueRecord,
  required: number,
): PlanToApprove {
  const name = certificateName as IssuedName;
  const terms: PlanTerms = {
    request: address.key,
    csrSha256,
    cluster: address.cluster,
    trustDomain,
    ca,
    certificateName: name,
    commonName: certificate.commonName,
    organizations: certificate.organizations,
    dnsNames: certificate.dnsNames,
    ipAddresses: certificate.ipAddresses,
    extendedKeyUsages: certificate.extendedKeyUsages,
    validitySeconds,
  };
  const kind = requestKindOf(address);
  return {
    terms,
    digest: planDigest(terms),
    reason: '',
    required,
    mayStand: kind?.standingApprovals.includes(name) ?? false,
  };
}
