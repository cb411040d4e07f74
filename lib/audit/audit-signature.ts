/** Whether a record accounts for a signature by a CA key. The record was written before the signature. */
import type { CaKeyList } from './ca-key-list.ts';
import { findSigningOrder, type Ledger } from './find-signing-order.ts';
import { judgeSignCall } from './judge-sign-call.ts';
import { recordKeyIn } from './record-in-user-agent.ts';
import { isSameKey, type SignCall, type SigningRoles } from './sign-call.ts';
import type { SigningOrder } from './signing-order.ts';

export type Verdict =
  /** The key does not belong to a CA. */
  | { readonly kind: 'not-ours' }
  /** Nothing was signed; `byOurs` if KMS denied the call of one of the functions. */
  | { readonly kind: 'refused'; readonly byOurs: boolean }
  | { readonly kind: 'accounted'; readonly record: string }
  | {
      readonly kind: 'without-record';
      /** The record that the call names, correctly or not. */
      readonly record: string | undefined;
      readonly reasons: readonly string[];
    };

/** What an audit compares a call with. */
export interface AuditDeps extends Ledger {
  readonly caKeys: CaKeyList;
  readonly roles: SigningRoles;
}

export async function auditSignature(deps: AuditDeps, call: SignCall): Promise<Verdict> {
  const { roles } = deps;
  if (call.errorCode !== undefined) return auditRefusal(deps, call);
  const record = recordKeyIn(call.userAgent);
  const order =
    record === undefined ? 'the call does not name a record' : await findSigningOrder(deps, record);
  if (!(await isCaKey(deps, call, order))) return { kind: 'not-ours' };
  const reasons = judgeSignCall(call, roles, order);
  if (reasons.length === 0 && record !== undefined) return { kind: 'accounted', record };
  return { kind: 'without-record', record, reasons };
}

/** A denied call is relevant if it may have been for a CA key. */
async function auditRefusal(deps: AuditDeps, call: SignCall): Promise<Verdict> {
  if (!(await isCaKey(deps, call, ''))) return { kind: 'not-ours' };
  const byOurs = Object.values(deps.roles).some((role) => role === call.caller.arn);
  return { kind: 'refused', byOurs };
}

/** A key that a record names belongs to a CA; a key that the call does not name may belong to one. */
async function isCaKey(
  { caKeys }: AuditDeps,
  { keyArn, at }: SignCall,
  order: SigningOrder | string,
): Promise<boolean> {
  if (keyArn === undefined) return true;
  if (typeof order !== 'string' && isSameKey(order.keyId, keyArn)) return true;
  return caKeys.has(keyArn, at);
}
