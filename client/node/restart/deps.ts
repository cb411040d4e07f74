/** What the restart of components depends on. */
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { Systemd } from './systemd.ts';

export interface HealthDeps {
  readonly folders: NodeFolders;
  /** KubeletConfiguration; kubeadm's path by default. */
  readonly kubeletConfig?: string;
}

export interface RestartDeps extends HealthDeps {
  readonly stateDir: string;
  readonly terminal: Terminal;
  /** Limit of each wait: until the old processes are gone, and until the component is healthy. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  /** Called repeatedly during a wait for a component. */
  readonly whileWaiting?: () => void;
  /** Where processes are listed; /proc by default. */
  readonly proc?: string;
  /** The systemd of this machine by default. */
  readonly systemd?: Systemd;
}
