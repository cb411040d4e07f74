/**
 * A new file of CA certificates must not part the API server of a node from its kubelet: `kubectl logs` and `exec` would
 * fail for every pod of the node, and probably for those of other nodes.
 */
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { readIssuedServing } from '../disk/issued-serving.ts';
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { kubeletAuthorityFile } from '../restart/kubelet-authority.ts';
import type { CaDecision } from '../trust/ca-change.ts';
import { chainOf } from '../trust/path.ts';
import { leadsTo } from '../trust/signer.ts';

/** @throws CommandError if the API server verifies the kubelet of this node today, and would no longer */
export function checkOwnKubelet(
  { caFiles }: Pick<CaDecision, 'caFiles'>,
  folders: NodeFolders,
): void {
  const named = kubeletAuthorityFile(folders);
  const [file, next] = [...caFiles].find(([path]) => resolvedPath(path) === named) ?? [];
  if (file === undefined || next === undefined) return;
  const serving = chainOf(readIssuedServing(folders));
  const before = currentContent(file, false);
  if (!serving || before === undefined || !leadsTo(serving, before) || leadsTo(serving, next))
    return;
  throw new CommandError(
    'check-failed',
    `nothing was changed: with the new ${file} kube-apiserver would no longer verify the kubelet of this node`,
    'publish a bundle with both CAs, or have every kubelet request a new serving certificate first',
  );
}
