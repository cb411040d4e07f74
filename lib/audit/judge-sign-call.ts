import type { SigningOrder } from './find-signing-order.ts';
import { isSameKey, type SignCall, type SigningRoles } from './sign-call.ts';

/**
 * A run that began before the certificate was kept may still sign once more, as it must after a cut-off or in a race;
 * no run of a function lasts longer than 15 minutes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
const LONGEST_RUN_MS = 15 * 60 * 1000;

/**
 * What speaks against a signature that was made with a CA key; nothing does if a record accounts for it. Several
 * signatures for one record are normal: each cut-off or racing run signs the same bytes again.
 * @param order the order of the record that the call names; a text says why there is none
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
  // The key is of another account than the roles, and this is what its trail says of them: the same call stands with
  // its role in the trail of the roles' own account, where it is judged as well.
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

function judgeTime({ at }: SignCall, { keptAt }: SigningOrder): string[] {
  if (keptAt === undefined || at.getTime() - keptAt.getTime() <= LONGEST_RUN_MS) return [];
  return [`the record had its certificate since ${keptAt.toISOString()}: nothing signs it anew`];
}
