/** Which keys the CA file of a node vouches for, directly or through rotations that the node has missed. */
import type { X509Certificate } from 'node:crypto';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { FollowedRotation } from './follow.ts';
import { judgeCross, type Refusal, type Voucher } from './voucher.ts';

export interface Vouchers {
  readonly accepted: readonly Voucher[];
  /** Why nothing vouches for the new CA of the current rotation. */
  readonly refusal?: Refusal;
}

/** @param ours the certificates in the file of the CA */
export function vouchersOf(
  ca: CaName,
  ours: readonly X509Certificate[],
  followed: FollowedRotation,
  now: Date,
): Vouchers {
  const { rotation } = followed.published;
  const compromised = followed.memory.compromised.filter((one) => one.ca === ca);
  const accepted: Voucher[] = [];
  const judge = (one: Offered) =>
    judgeCross({
      ...{ ca, now, ...one },
      compromised: compromised.map(({ key }) => key),
      trusted: [...ours, ...accepted.map(({ cross }) => cross)],
    });
  const offered = offeredFor(ca, followed);
  // each pass finds at least one more, or is the last
  for (let before = -1; before < accepted.length; ) {
    before = accepted.length;
    for (const one of offered) {
      const judged = judge(one);
      if ('key' in judged && !accepted.some(({ key }) => key === judged.key)) accepted.push(judged);
    }
  }
  if (rotation?.ca !== ca) return { accepted };
  if (accepted.some(({ key }) => key === rotation.to.publicKeySha256)) return { accepted };
  if (rotation.compromised) return { accepted, refusal: 'compromised' };
  const own = offered.find(({ key }) => key !== undefined);
  const judged = own && judge(own);
  return judged && 'refusal' in judged ? { accepted, refusal: judged.refusal } : { accepted };
}

interface Offered {
  readonly cross: string;
  /** The key that it must certify; undefined for a rotation that has ended. */
  readonly key: string | undefined;
}

function offeredFor(
  ca: CaName,
  { published: { rotation, crosses = [] } }: FollowedRotation,
): Offered[] {
  const ended = crosses
    .filter((one) => one.ca === ca)
    .map(({ cross }) => ({ cross, key: undefined }));
  if (rotation?.ca !== ca || rotation.compromised || rotation.cross === undefined) return ended;
  return [...ended, { cross: rotation.cross, key: rotation.to.publicKeySha256 }];
}
