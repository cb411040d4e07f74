/** Which approvals count for a plan that needs them. */
import type { RequestApproval, StandingApproval } from '../contract/approvals.ts';
import type { CountedApproval } from '../contract/outcomes.ts';
import type { PlanTerms } from './plan-digest.ts';
import { isListed, isSamePerson, personOf, principalOf } from './principals.ts';

/** What approvers decide about. */
export interface PlanToApprove {
  readonly terms: PlanTerms;
  readonly digest: string;
  /** Why an approval is needed. */
  readonly reason: string;
  /** How many approvers have to approve. */
  readonly required: number;
  /** Whether a standing approval may cover it. */
  readonly mayStand: boolean;
  /** Principals whose approval counts. @default everyone who can write approvals */
  readonly approvers?: readonly string[];
}

/** A decision about a request, with what its key says. */
export interface GivenApproval {
  /** `aws:userid` */
  readonly approver: string;
  readonly planDigest: string;
  /** undefined: it cannot be read. */
  readonly document: RequestApproval | undefined;
}

/** The standing approvals that one approver gave the cluster. */
export interface GivenStanding {
  /** `aws:userid` */
  readonly approver: string;
  readonly document: StandingApproval;
}

/** One approver's standing approvals as they were found. */
export interface FoundStanding extends Omit<GivenStanding, 'document'> {
  /** undefined: they cannot be read. */
  readonly document: StandingApproval | undefined;
}

export interface GivenApprovals {
  readonly ofRequest: readonly GivenApproval[];
  /** undefined: there are too many to read. */
  readonly standing: readonly FoundStanding[] | undefined;
}

export interface Uncounted {
  readonly approver: string;
  readonly reason: string;
}

export type ApprovalState =
  | { readonly state: 'approved'; readonly by: readonly CountedApproval[] }
  | { readonly state: 'denied'; readonly by: string; readonly reason: string }
  | {
      readonly state: 'waiting';
      readonly required: number;
      readonly by: readonly CountedApproval[];
      readonly uncounted: readonly Uncounted[];
    };

/**
 * A denial by any approver denies, whatever plan it names: not issuing is always safe. Otherwise as many people as the
 * plan requires have to approve, each for this very plan or by a standing approval that covers it. What cannot be read
 * may be a denial: of a request, so it is not approved; or of standing approvals, so none of them counts. One approver
 * can so delay one request, which can be uploaded again, but not those that others approve one by one.
 * @param uploader as the S3 event says; undefined if no event was seen
 */
export function weighApprovals(
  plan: PlanToApprove,
  { ofRequest, standing }: GivenApprovals,
  uploader: string | undefined,
): ApprovalState {
  for (const { approver, document } of ofRequest)
    if (document?.decision === 'deny')
      return { state: 'denied', by: approver, reason: document.reason };
  const unclear = ofRequest
    .filter(({ document }) => document === undefined)
    .map(({ approver }) => ({ approver, reason: UNREADABLE }));
  if (unclear.length > 0)
    return { state: 'waiting', required: plan.required, by: [], uncounted: unclear };
  const given = [
    ...ofRequest.map((one) => judgeApproval(plan, one)),
    ...standingFor(plan, standing),
  ].map((one) => judgeAuthor(plan, one, uploader));
  const by = oncePerPerson(given.filter((one) => 'kind' in one));
  const uncounted = given.filter((one) => 'reason' in one);
  const required = approversNeeded(plan.required, uploader);
  if (by.length >= required) return { state: 'approved', by };
  return { state: 'waiting', required, by, uncounted };
}

/**
 * An unknown uploader may be one of the approvers: where several people have to agree, one more makes up for it. Where one
 * person is enough, a lost event must not stop a request permanently: the deployment does not keep the two apart there.
 */
export function approversNeeded(required: number, uploader: string | undefined): number {
  return uploader === undefined && required > 1 ? required + 1 : required;
}

function judgeApproval(
  { digest, terms }: PlanToApprove,
  { approver, planDigest, document }: GivenApproval,
): CountedApproval | Uncounted {
  if (!document) return { approver, reason: UNREADABLE };
  if (planDigest !== digest) return { approver, reason: 'it is for an earlier plan' };
  // the key alone counts, but an object that contradicts it was not written by a client that looked at this plan
  if (document.planDigest !== digest || document.request !== terms.request)
    return { approver, reason: 'its request or plan is not that of its key' };
  return { approver, kind: 'request' };
}

const UNREADABLE = 'it cannot be read, and may be a denial; only a new request can be approved';

function standingFor(
  plan: PlanToApprove,
  found: readonly FoundStanding[] = [],
): (CountedApproval | Uncounted)[] {
  if (!plan.mayStand) return [];
  const unreadable = found.filter(({ document }) => document === undefined);
  if (unreadable.length > 0)
    return unreadable.map(({ approver }) => ({ approver, reason: UNREADABLE_STANDING }));
  const standing = found.filter(isReadable);
  const { certificateName } = plan.terms;
  const denied = standing.find(({ document }) =>
    document.denials.some((denial) => denial.certificateName === certificateName),
  );
  return standing.flatMap(({ approver, document }): (CountedApproval | Uncounted)[] => {
    const grants = document.grants.filter((grant) => grant.certificateName === certificateName);
    if (grants.length === 0 || document.cluster !== plan.terms.cluster) return [];
    if (denied)
      return [{ approver, reason: `${denied.approver} denies standing approvals of this name` }];
    if (grants.some((grant) => covers(grant, plan.terms))) return [{ approver, kind: 'standing' }];
    return [{ approver, reason: 'the standing approval does not cover it' }];
  });
}

const UNREADABLE_STANDING =
  'the standing approvals cannot be read, and may deny those of others, so that none counts';

const isReadable = (found: FoundStanding): found is GivenStanding => found.document !== undefined;

/** Whether a standing approval covers a certificate: nothing that it names is exceeded. */
function covers(
  { trustDomain, organizations, maxValiditySeconds }: StandingApproval['grants'][number],
  terms: PlanTerms,
): boolean {
  return (
    trustDomain === terms.trustDomain &&
    terms.organizations.every((organization) => organizations.includes(organization)) &&
    terms.validitySeconds <= maxValiditySeconds
  );
}

function judgeAuthor(
  { approvers }: PlanToApprove,
  given: CountedApproval | Uncounted,
  uploader: string | undefined,
): CountedApproval | Uncounted {
  if ('reason' in given) return given;
  const { approver } = given;
  if (approvers && !isListed(principalOf(approver), approvers))
    return { approver, reason: 'users.approvers does not list its author' };
  if (uploader !== undefined && isSamePerson(uploader, approver))
    return { approver, reason: 'its author uploaded the request' };
  return given;
}

function oncePerPerson(approvals: readonly CountedApproval[]): CountedApproval[] {
  const byPerson = new Map<string, CountedApproval>();
  for (const approval of approvals) {
    const person = personOf(approval.approver);
    if (!byPerson.has(person)) byPerson.set(person, approval);
  }
  return [...byPerson.values()];
}
