/**
 * Which CA certificates a worker without AWS credentials takes in a rotation, from the ConfigMap that the forwarder keeps.
 * That is a copy of what the bucket has, and proves nothing: the cross certificate vouches for a new CA, or the cluster
 * itself does (kube-root-ca.crt), or a hash.
 */
import type { X509Certificate } from 'node:crypto';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { FollowedRotation } from '../rotation/follow.ts';
import { vouchesFor } from '../rotation/voucher.ts';
import { type Vouchers, vouchersOf } from '../rotation/vouchers.ts';
import type { RotationMemory } from '../state/rotation-memory.ts';
import { subjectUntil } from '../trust/above.ts';
import { type CaHashes, hashOf } from '../trust/ca-cert-hash.ts';

/** What the ConfigMap has. */
export interface ClusterTrust {
  /** The bundle of `ca`, in PEM. */
  readonly ca: string;
  readonly rotation: PublishedRotation;
}

export interface ChoiceInput {
  readonly folders: NodeFolders;
  readonly hashes: CaHashes;
  readonly now: Date;
  /** What this node has remembered of rotations; undefined before the first one. */
  readonly memory: RotationMemory | undefined;
  /** kube-root-ca.crt, in canonical PEM; empty if the kubelet may not read it. */
  readonly rootCa: string;
  /** The rotation, with the bundle of `ca` in canonical PEM; undefined if the cluster publishes none that is followed. */
  readonly rotating: { readonly followed: FollowedRotation; readonly bundle: string } | undefined;
}

export interface ChosenCas {
  readonly pem: string;
  readonly notes: readonly string[];
}

/**
 * What this node remembers counts whether or not it follows a rotation: anyone who has the key of a compromised CA, or
 * can write the ConfigMap, can hide the rotation.
 * @throws CommandError if none is left
 */
export function chooseCas(input: ChoiceInput): ChosenCas {
  const { folders, hashes, memory, rotating, now } = input;
  const ours = parseCertificates(currentContent(caFileOf('ca', folders), false) ?? '');
  const { accepted, refusal }: Vouchers = rotating
    ? vouchersOf('ca', ours, rotating.followed, now)
    : { accepted: [] };
  const isIn = (one: X509Certificate, others: readonly X509Certificate[]) =>
    others.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);
  const { gone = [], compromised = [] } = memory ?? {};
  const has = (list: RotationMemory['gone'], one: X509Certificate) =>
    list.some(({ ca, key }) => ca === 'ca' && key === hashOf(one));
  const pods = parseCertificates(input.rootCa);
  // as long as this node trusts it, anyone who has a compromised key can be the API server that publishes it
  const rootCas = ours.some((one) => has(compromised, one)) ? [] : pods;
  const isVouched = (one: X509Certificate) =>
    hashes.ca.includes(hashOf(one)) ||
    accepted.some((voucher) => vouchesFor(voucher, one)) ||
    isIn(one, rootCas);
  const isTaken = (one: X509Certificate) =>
    isIn(one, ours) || (isVouched(one) && !has(gone, one) && !has(compromised, one));
  const published = rotating ? parseCertificates(rotating.bundle) : pods;
  const taken = published.filter(isTaken);
  const left = published.filter((one) => !isTaken(one));
  if (taken.length === 0)
    throw new CommandError(
      'check-failed',
      'nothing was changed: nothing vouches for any CA certificate that the cluster publishes',
      'compare the hash of the new CA with the operators, then give it with --ca-cert-hash',
    );
  return {
    pem: taken.map(({ raw }) => certificateToPem(raw)).join(''),
    notes: left.map(
      (one) =>
        `${subjectUntil(one)} was left out: ${has(gone, one) ? 'a rotation has ended it' : `nothing vouches for it${refusal === undefined ? '' : ` (${refusal})`}; if operators confirm its hash, give it with --ca-cert-hash`}`,
    ),
  };
}
