/** Reads what approvers decided about a plan: one object for each approver. */
import {
  parseRequestApprovalKey,
  parseStandingApprovalKey,
  requestApprovalSchema,
  requestApprovalsPrefix,
  standingApprovalSchema,
  standingApprovalsPrefix,
} from '../contract/approvals.ts';
import { Fault } from '../fault.ts';
import type { GivenApprovals, PlanToApprove } from '../policy/approval.ts';
import { orMalformed, readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** More approvers than a deployment has. A denial could hide behind more objects, so then nothing counts. */
const MOST_OBJECTS = 100;

/** A standing approval of every certificate name has 3 KB. */
const MAX_APPROVAL_BYTES = 64 * 1024;

type Approvals = Pick<ObjectStore, 'get' | 'list'>;

/**
 * An approver chooses the bytes of an object and, if the session's name is free, the number of objects; nobody can delete
 * them. So neither stops what others decide.
 * @returns undefined if there are too many objects about the request to read
 */
export async function readApprovals(
  authority: Approvals,
  { terms, mayStand }: PlanToApprove,
): Promise<GivenApprovals | undefined> {
  const [ofRequest, standing] = await Promise.all([
    listAll(authority, requestApprovalsPrefix(terms.request)),
    mayStand ? listAll(authority, standingApprovalsPrefix(terms.cluster)) : [],
  ]);
  if (!ofRequest) return undefined;
  const approvals = ofRequest.flatMap((key) => {
    const name = parseRequestApprovalKey(key);
    return name?.request === terms.request ? [{ key, name }] : [];
  });
  const standings = standing?.flatMap((key) => {
    const name = parseStandingApprovalKey(key);
    return name ? [{ key, name }] : [];
  });
  return {
    ofRequest: await readEach(approvals, ({ key, name: { approver, planDigest } }) =>
      read(authority, key, requestApprovalSchema, { approver, planDigest }),
    ),
    standing:
      standings &&
      (await readEach(standings, ({ key, name: { approver } }) =>
        read(authority, key, standingApprovalSchema, { approver }),
      )),
  };
}

async function listAll(authority: Approvals, prefix: string): Promise<string[] | undefined> {
  const keys: string[] = [];
  for await (const { key } of authority.list(prefix)) {
    if (keys.length === MOST_OBJECTS) return undefined;
    keys.push(key);
  }
  return keys;
}

async function read<T, Name extends object>(
  authority: Approvals,
  key: string,
  schema: Parameters<typeof readDocument<T>>[2],
  name: Name,
): Promise<(Name & { readonly document: T | undefined }) | undefined> {
  const document = await readDocument(authority, key, schema, MAX_APPROVAL_BYTES).catch(
    orMalformed,
  );
  return document && { ...name, document: document instanceof Fault ? undefined : document };
}

async function readEach<A, B>(
  from: readonly A[],
  action: (one: A) => Promise<B | undefined>,
): Promise<B[]> {
  return (await Promise.all(from.map(action))).filter((one) => one !== undefined);
}
