/** Where `renew` reads what its trust domain publishes about rotations. */
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { lastTrustDomain } from '../exchange/last-trust-domain.ts';
import { listInstallations } from '../install/journal.ts';
import { type RotationSource, readRotation } from '../rotation/read-rotation.ts';
import { recallRotation } from '../state/rotation-memory.ts';
import type { TrustDomainSources } from './published-bundles.ts';

/** Every run reads it, so the node's own memory comes first, and the bucket is only searched if that has no answer. */
export const rotationFromBucket =
  (
    connect: () => Promise<Pick<ObjectStore, 'get' | 'list'>>,
    { trustDomain, stateDir, ...place }: TrustDomainSources,
  ): RotationSource =>
  async () => {
    const exchange = await connect();
    const found =
      trustDomain ??
      listInstallations(stateDir).findLast(({ journal }) => journal.trustDomain)?.journal
        .trustDomain ??
      recallRotation(stateDir)?.trustDomain ??
      (await lastTrustDomain(exchange, place));
    return found === undefined ? undefined : readRotation(exchange, found);
  };
