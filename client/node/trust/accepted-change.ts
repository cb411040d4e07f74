/** Which changes of CA files a person has accepted, and which a rotation brings without one. */
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import type { CaHashes } from './ca-cert-hash.ts';

export interface CaChangeOptions {
  readonly accept: boolean;
  /** Public keys of the CA certificates that may be added. */
  readonly hashes: CaHashes;
  /** CAs that a rotation changes, whatever a person accepts (`client/node/rotation` judges that). */
  readonly rotated?: ReadonlyMap<CaName, RotatedCa>;
}

export interface RotatedCa {
  /** The certificates that its file is to have, in PEM. */
  readonly bundle: string;
  /** Keys of those that it gains, each with a voucher, in hex. */
  readonly keys: readonly string[];
}

/**
 * A change is one of the whole node, except that hashes of `kubelet-ca` alone accept a change of its file alone: no
 * certificate of the node and no kubeconfig depends on it.
 */
export function accepts({ accept, hashes }: CaChangeOptions, ca: CaName): boolean {
  const named = CA_NAMES.filter((name) => hashes[name].length > 0);
  const isOfKubelets = named.length > 0 && named.every((name) => name === 'kubelet-ca');
  return accept && (!isOfKubelets || ca === 'kubelet-ca');
}
