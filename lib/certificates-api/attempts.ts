/**
 * The attempts of one CertificateSigningRequest. A rejection is final for its request id, but the reason may be fixed
 * while the CSR still exists: then the same CSR is uploaded again as the next attempt. The first request id is the CSR's
 * uid; `<uid>.2`, `<uid>.3` … follow.
 */

const ATTEMPT = /^([a-z0-9-]+)\.([1-9]\d{0,5})$/;

export interface Attempt {
  readonly uid: string;
  /** From 1. */
  readonly number: number;
}

/** Whatever the request id is, it is an attempt of at most one CSR: `<uid>.1` is not one, and no uid has a dot. */
export function attemptOf(requestId: string): Attempt | undefined {
  if (!requestId.includes('.')) return { uid: requestId, number: 1 };
  const [, uid, number] = ATTEMPT.exec(requestId) ?? [];
  if (uid === undefined || Number(number) < 2) return undefined;
  return { uid, number: Number(number) };
}

/** Whether a request is a later attempt, by its address alone. Request ids of kubeadm's files may have dots, too. */
export function isRepeated({ path, requestId }: { path: string; requestId: string }): boolean {
  return path.endsWith('.json') && requestId.includes('.');
}

export function requestIdOf({ uid, number }: Attempt): string {
  return number === 1 ? uid : `${uid}.${number}`;
}
