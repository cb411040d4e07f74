/**
 * New CA files must not cut the kubelet of a node off from the API server. The bucket may publish an older bundle than the
 * one that the certificates in use need, and a person who accepts a change looks at what is added.
 */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { currentContent } from '../disk/file-change.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { type ReachApiServer, reachBeside, requireApiServer } from '../trust/api-server.ts';
import type { CaDecision } from '../trust/ca-change.ts';

/**
 * @param renewed names of the certificates that the run replaces
 * @throws CommandError if the API server is verified today, and would no longer be
 */
export async function checkApiServer(
  reach: ReachApiServer | undefined,
  { caFiles }: Pick<CaDecision, 'caFiles'>,
  folders: NodeFolders,
  renewed: readonly CertificateName[],
): Promise<void> {
  const file = caFileOf('ca', folders);
  const next = caFiles.get(file);
  if (!reach || next === undefined) return;
  const beside = reachBeside(reach, folders, renewed);
  await requireApiServer(beside, file, currentContent(file, false) ?? '', next);
}
