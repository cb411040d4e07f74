/**
 * Whether new CA certificates still verify the API server. Their source need not be up to date: a ConfigMap, an object of
 * the bucket and the old files of an installation can all lack the CA that signed the certificate that the API server has
 * now. A kubelet without that CA is disconnected, and its node with it.
 */

import { certificateToPem } from '../../../lib/certificate/pem.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';

/**
 * Connects to the API server that the kubelet of this node uses, verified with these certificates alone. One that is no CA's
 * verifies only the server that presents it.
 * @throws KubeUnreachable if there is no connection, such as one that they do not verify
 */
export type ReachApiServer = (ca: string) => Promise<void>;

/**
 * The same for a run that replaces the certificate of the API server on this node. What that one presents now says nothing
 * about what it will present, so its certificate counts as verified; those of other API servers, which a load balancer or
 * the configuration of the kubelet may lead to, do not.
 * @param replaced names of the certificates that the run replaces
 */
export function reachBeside(
  reach: ReachApiServer,
  folders: NodeFolders,
  replaced: readonly CertificateName[],
): ReachApiServer {
  if (!replaced.includes('apiserver')) return reach;
  const own = readPlace(placeOf('apiserver', folders));
  const leaf = own.state === 'present' ? certificateToPem(own.leaf.raw) : '';
  return (ca) => reach(ca + leaf);
}

/** A load balancer sends connections to different API servers, and one of them may have another certificate. */
const CONNECTIONS = 4;

/** Why no connection can be verified with these CA certificates; undefined if all of them can. */
export async function whyUnreachable(
  reach: ReachApiServer,
  ca: string,
): Promise<string | undefined> {
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => reach(ca)));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Why the API server, which today's CA certificates verify, would not be verified with others. undefined if it would, if
 * none is lost, or if today's do not verify it either: then nothing is known, and the others may be the remedy.
 */
export async function whyLost(
  reach: ReachApiServer,
  before: string,
  after: string,
): Promise<string | undefined> {
  const stay = fingerprintsOf(after);
  if (fingerprintsOf(before).every((one) => stay.includes(one))) return undefined;
  if ((await whyUnreachable(reach, before)) !== undefined) return undefined;
  return whyUnreachable(reach, after);
}

/** @throws CommandError as `whyLost` finds it */
export async function requireApiServer(
  reach: ReachApiServer,
  file: string,
  before: string,
  after: string,
): Promise<void> {
  const why = await whyLost(reach, before, after);
  if (why === undefined) return;
  throw new CommandError(
    'check-failed',
    `nothing was changed: with the new ${file} this node would no longer verify the API server, which it verifies today: ${why}`,
    'publish a bundle with both CAs until every API server has a certificate of the new one',
  );
}
