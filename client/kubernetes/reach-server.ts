/** Whether the API server responds over a connection that given CA certificates verify. */
import { type KubeDeps, KubeError, type KubeSource } from './kube-client.ts';
import { openKubeClient } from './open-kube-client.ts';

/** What everyone may read. */
const VERSION = '/version';

/**
 * Over a new connection each time.
 * @throws KubeUnreachable, CommandError if the credentials cannot be used
 */
export async function reachServer(
  source: KubeSource,
  ca: string,
  deps: KubeDeps = {},
): Promise<void> {
  try {
    await openKubeClient(source, { ...deps, ca }).get(VERSION);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error; // otherwise it responded: it was verified
  }
}
