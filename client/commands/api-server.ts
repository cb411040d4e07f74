/** The API server that the kubelet of this node uses. */
import { reachServer } from '../kubernetes/reach-server.ts';
import { fileOf, type NodeFolders, placeOf } from '../node/disk/places.ts';
import type { ReachApiServer } from '../node/trust/api-server.ts';

export const kubeletConf = (folders: NodeFolders) => ({
  kubeconfig: fileOf(placeOf('kubelet.conf', folders)),
});

/** Short, because the check is skipped if there is no response: what is changed may be why the API server is down. */
const CHECK_MS = 5_000;

export const reachAsKubelet =
  (folders: NodeFolders, milliseconds: number = CHECK_MS): ReachApiServer =>
  (ca) =>
    reachServer(kubeletConf(folders), ca, { signal: AbortSignal.timeout(milliseconds) });
