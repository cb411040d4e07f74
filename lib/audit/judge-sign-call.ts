import { isSameKey, type SignCall, type SigningRoles } from './sign-call.ts';
import type { SigningOrder } from './signing-order.ts';

/**
 * A run that began before the certificate was stored may sign again, after an interruption or in a race, and one that
 * began before a rotation ended may still sign with the old CA. No run of a function takes longer than 15 minutes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
const LONGEST_RUN_MS = 15 * 60 * 1000;

/**
 * Objections to a signature made with a CA key; empty if a record accounts for it. Several signatures for one record are
 * normal: every interrupted or racing run signs the same bytes again.
 * @param order the signing order of the record that the call names, or a text that says why it has no signing order
 */
export function judgeSignCall(
  call: SignCall,
  roles: SigningRoles,
  order: SigningOrder | string,
): string[] {
  if (typeof order === 'string') return [...judgeCaller(call, Object.values(roles)), order];
  return [
    ...judgeCaller(call, [roles[order.by]]),
    ...judgeKey(call, order),
    ...judgeTime(call, order),
  ];
}

function judgeCaller({ caller }: SignCall, allowed: readonly string[]): string[] {
  if (caller.arn !== undefined && allowed.includes(caller.arn)) return [];
  // The key is not in the account of the roles, and its trail does not name them. The trail of the roles' account has
  // the same call with its role, and it is audited there as well.
  const accounts = allowed.map(accountOf);
  if (caller.ofAnotherAccount && accounts.includes(caller.accountId)) return [];
  return [`the caller is ${caller.description}, not ${allowed.join(' or ')}`];
}

/** `arn:aws:iam::<account>:role/<name>` */
function accountOf(roleArn: string): string | undefined {
  return roleArn.split(':')[4];
}

function judgeKey({ keyArn }: SignCall, { keyId }: SigningOrder): string[] {
  if (keyArn !== undefined && isSameKey(keyArn, keyId)) return [];
  return [`the record is for the key ${keyId}`];
}

function judgeTime({ at }: SignCall, { storedAt, endedAt }: SigningOrder): string[] {
  return [
    ...(isLongAfter(at, storedAt)
      ? [
          `what the record describes was stored at ${storedAt.toISOString()} and must not be signed again`,
        ]
      : []),
    ...(isLongAfter(at, endedAt)
      ? [`the CA ended at ${endedAt.toISOString()} and must no longer sign`]
      : []),
  ];
}

const isLongAfter = (at: Date, moment: Date | undefined): moment is Date =>
  moment !== undefined && at.getTime() - moment.getTime() > LONGEST_RUN_MS;
