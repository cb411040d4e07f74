/** Writes what a worker without AWS credentials trusts to its own Node object, with the credential of its kubelet. */
import { nodeOfUser } from '../../../lib/names.ts';
import { readTextIfThere } from '../../read-text.ts';
import type { Terminal } from '../../terminal.ts';
import { parseCertificates, sha256Of } from '../disk/fingerprints.ts';
import { caPemIn } from '../disk/kubeconfig-ca.ts';
import { caFileOf, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { type KnownStart, rememberStarts } from '../evidence/known-starts.ts';
import { findStartedOnNode, type StartsPlace } from '../evidence/started-components.ts';
import { recallRotation } from '../state/rotation-memory.ts';
import { annotationPatch, type RotationAnnotation } from './rotation-annotation.ts';

export interface AnnotateDeps extends StartsPlace {
  readonly terminal: Terminal;
  readonly now: () => Date;
  /** A JSON merge patch, as the kubelet: the Node authorizer lets it patch its own Node only. */
  patch(path: string, body: unknown): Promise<unknown>;
}

/** Never throws: what was changed on the node stays. */
export async function annotateNode(deps: AnnotateDeps): Promise<void> {
  try {
    const name = nodeName(deps.folders);
    if (name === undefined) throw new Error('kubelet.conf has no certificate that names the node');
    const { annotation, starts } = annotationOf(deps);
    await deps.patch(`/api/v1/nodes/${name}`, annotationPatch(annotation));
    await rememberStarts(deps.stateDir, starts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.terminal.progress(
      `warning: the Node object does not say which CA certificates this node trusts: ${reason}; a rotation waits for it`,
    );
  }
}

/** As the API server knows it: by the certificate of the kubelet. */
function nodeName(folders: NodeFolders): string | undefined {
  const place = readPlace(placeOf('kubelet.conf', folders));
  if (place.state !== 'present') return undefined;
  const [, commonName = ''] = /^CN=(.*)$/m.exec(place.leaf.subject) ?? [];
  return nodeOfUser(commonName);
}

/** The forwarder takes no longer list; a CA file has two certificates during a rotation. */
const MOST_CERTIFICATES = 12;

function annotationOf(deps: AnnotateDeps): {
  annotation: RotationAnnotation;
  starts: readonly KnownStart[];
} {
  const { folders, stateDir, now } = deps;
  const sequence = recallRotation(stateDir)?.sequence;
  const { started, starts } = findStartedOnNode('ca', deps, now());
  const kubelet = started.find(({ component }) => component === 'kubelet');
  const annotation = {
    ...(sequence !== undefined && { sequence }),
    caFile: digestsOf(readTextIfThere(caFileOf('ca', folders))),
    kubeconfig: digestsOf(caPemIn(fileOf(placeOf('kubelet.conf', folders)))),
    restarted: kubelet?.isSince === true,
  };
  return { annotation, starts };
}

const digestsOf = (pem: string | undefined): string[] =>
  parseCertificates(pem ?? '')
    .slice(0, MOST_CERTIFICATES)
    .map(sha256Of);
