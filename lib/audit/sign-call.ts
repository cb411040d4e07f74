/** One use of a KMS key to sign, as an account's trail tells of it. */
export interface SignCall {
  readonly eventId: string;
  /** KMS's own id of the call. */
  readonly requestId: string | undefined;
  /** When the call ended. */
  readonly at: Date;
  /** ARN of the key; undefined where the trail does not say, as of some refused calls. */
  readonly keyArn: string | undefined;
  readonly caller: Caller;
  readonly userAgent: string;
  readonly sourceIp: string | undefined;
  /** Set if KMS refused, or failed: nothing was signed. */
  readonly errorCode: string | undefined;
}

export interface Caller {
  /** ARN of the role whose session it is, or of the user; undefined for callers of another account. */
  readonly arn: string | undefined;
  readonly accountId: string | undefined;
  /** For people: as much as the trail says of who it was. */
  readonly description: string;
  /** The trail is that of the key's account, and tells no more of a caller of another one than which that is. */
  readonly ofAnotherAccount: boolean;
}

/** The roles that may sign with CA keys, each for its own kind of record. */
export interface SigningRoles {
  /** ARN of the role of the function `sign`: leaf certificates. */
  readonly sign: string;
  /** ARN of the role of the function `create-ca`: certificates of CAs. */
  readonly createCa: string;
}

/** Whether two ARNs name one key: replicas of a multi-region key differ in the region only. */
export function isSameKey(a: string, b: string): boolean {
  return withoutRegion(a) === withoutRegion(b);
}

/** `arn:aws:kms:<region>:<account>:key/<id>` */
function withoutRegion(arn: string): string {
  return arn.replace(/^(arn:[^:]+:kms:)[^:]*:/, '$1:');
}
