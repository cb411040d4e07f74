/** What a release of CA keys depends on. */
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldLease } from '../restart/lease.ts';
import type { Recipient } from './seal.ts';

export interface ReleaseDeps extends RestartDeps {
  readonly cluster: string;
  readonly node: string;
  exchange(): Promise<Pick<ObjectStore, 'get' | 'list'>>;
  /** undefined if another node held it for too long. */
  lease(): Promise<HeldLease | undefined>;
  readonly forwarder: ForwarderPort;
}

/**
 * Whether certificates of kubelets come from the service when kube-controller-manager no longer signs. Each call ends after
 * a limited time, and throws if the API server or the bucket cannot be reached.
 */
export interface ForwarderPort {
  /**
   * A certificate of the service that a kubelet of this cluster has received. Only reads.
   * @throws CommandError if the API server does not say
   */
  findServed(): Promise<string | undefined>;
  /** Why the forwarder cannot work, as far as it can be seen from this node. Only reads. */
  findObstacles(): Promise<readonly string[]>;
  /** Requests a certificate as this node's kubelet does, with a key that is thrown away, and waits for it. */
  prove(whileWaiting: () => void): Promise<ForwarderProof>;
}

export type ForwarderProof =
  | { readonly state: 'served'; readonly by: string }
  /** It received a certificate that is not the service's. */
  | { readonly state: 'signed-by-another' }
  | { readonly state: 'not-served'; readonly why: string };

export interface ReleaseOptions {
  /** To whom the keys are sealed before they are removed, and the file. */
  readonly seal: { readonly recipient: Recipient; readonly file: string } | undefined;
  /** Why this cluster needs no forwarder; undefined if it does. */
  readonly withoutForwarder: string | undefined;
}
