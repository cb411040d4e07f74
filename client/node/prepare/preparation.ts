/** The options of `cakeless prepare`, what it depends on, and what became of each certificate. */
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Clock } from '../../clock.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { Terminal } from '../../terminal.ts';
import type { ReadViolation } from '../../wording/refusals.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { Pins } from '../trust/pins.ts';
import type { PlannedCertificate } from './plan.ts';

export interface PreparationOptions {
  readonly cluster: string;
  readonly config: KubeadmConfig;
  /** `kubeletDir` is where a kubelet that ran here before would have left its certificate. */
  readonly folders: NodeFolders;
  readonly pins: Pins;
  /** Whether it also creates the kubeconfig of the forwarder. */
  readonly csrsigning: boolean;
  /** sa.key of the first control plane. */
  readonly saKeyFrom: string | undefined;
  /** If undefined, waits briefly for outcomes, but not for approvers. */
  readonly waitSeconds: number | undefined;
}

export interface PreparationDeps {
  readonly terminal: Terminal;
  readonly clock: Clock;
  exchange(): Promise<ObjectStore>;
}

/** One run: the options, and what the run lock protects. */
export interface Preparation extends PreparationOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly exchange: ObjectStore;
  readonly planned: readonly PlannedCertificate[];
}

export interface PreparedCertificate {
  readonly name: string;
  readonly file: string;
  readonly state: 'existing' | 'written' | 'rejected' | 'pending' | 'no-outcome' | 'check-failed';
  readonly notAfter?: string;
  readonly request?: string;
  readonly violations?: readonly ReadViolation[];
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
}
