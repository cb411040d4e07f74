/** One use of a KMS key to sign, as an account's trail reports it. */
export interface SignCall {
  readonly eventId: string;
  /** KMS's id of the call. */
  readonly requestId: string | undefined;
  /** When the call was completed. */
  readonly at: Date;
  /** ARN of the key; undefined where the trail does not name it, as for some denied calls. */
  readonly keyArn: string | undefined;
  readonly caller: Caller;
  readonly userAgent: string;
  readonly sourceIp: string | undefined;
  /** Set if KMS denied the call or failed: nothing was signed. */
  readonly errorCode: string | undefined;
}

export interface Caller {
  /** ARN of the role whose session it is, or of the user; undefined for callers of another account. */
  readonly arn: string | undefined;
  readonly accountId: string | undefined;
  /** For reports: everything that the trail says about the caller. */
  readonly description: string;
  /** The trail is that of the key's account; for a caller from another account, it names only that account. */
  readonly ofAnotherAccount: boolean;
}

/** The roles that may sign with CA keys, each for one kind of record. */
export interface SigningRoles {
  /** ARN of the role of the `sign` function: leaf certificates. */
  readonly sign: string;
  /** ARN of the role of the `create-ca` function: certificates of CAs, cross certificates, CSRs for CAs, and proofs of their keys. */
  readonly createCa: string;
}

/** Whether two ARNs name the same key: replicas of a multi-region key differ only in the region. */
export function isSameKey(a: string, b: string): boolean {
  return withoutRegion(a) === withoutRegion(b);
}

/** `arn:aws:kms:<region>:<account>:key/<id>` */
function withoutRegion(arn: string): string {
  return arn.replace(/^(arn:[^:]+:kms:)[^:]*:/, '$1:');
}
