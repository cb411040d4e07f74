/**
 * What a running node changes of its chain files, beside its CA files (`ca-change.ts`). A chain whose root the node has
 * already follows what the service publishes; for another root, a person accepts the change and names its key.
 */

import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { fingerprintsOf, parseCertificates } from '../disk/fingerprints.ts';
import { caChainFileOf, type NodeFolders } from '../disk/places.ts';
import { subjectUntil } from './above.ts';
import type { CaChangeOptions } from './accepted-change.ts';
import { describeRoot, findChainProblem, findUnknownRoots, rootsOf } from './ca-chain.ts';
import { type CaDecision, DID, WOULD } from './ca-change.ts';
import type { PublishedBundle, PublishedCertificates } from './read-bundle.ts';

/** @throws CommandError if the change is accepted, but adds a root without a hash */
export function changeChains(
  decision: CaDecision,
  folders: NodeFolders,
  published: ReadonlyMap<CaName, PublishedBundle>,
  options: CaChangeOptions,
): CaDecision {
  const changes = [...published].flatMap(([ca, theirs]) => {
    if ('problem' in theirs || !theirs.chain) return [];
    const file = caChainFileOf(ca, folders);
    const ours = currentContent(file, false);
    const bundle = decision.bundles.get(ca) ?? '';
    return [{ file, ...decideOne(ours, theirs.chain, bundle, options) }];
  });
  const unknown = changes.flatMap(({ file, unpinned }) =>
    unpinned ? [`${file}: ${unpinned}`] : [],
  );
  if (unknown.length > 0)
    throw new CommandError(
      'check-failed',
      ['nothing was changed: --accept-ca-change also needs --ca-cert-hash for:', ...unknown],
      'compare each hash with one from a trusted source, and give it as --ca-cert-hash root=sha256:HEX',
    );
  const taken = changes.flatMap(({ file, pem }) =>
    pem === undefined ? [] : [[file, pem] as const],
  );
  const say = (words: typeof WOULD) =>
    changes.flatMap(({ file, pem, kept }) => [
      ...(pem === undefined
        ? []
        : [
            `${file} ${words.get} the certificates above the CA, up to ${rootsOf(parseCertificates(pem)).map(describeRoot).join(', ')}`,
          ]),
      ...(kept === undefined ? [] : [`${file} stays as it is: ${kept}`]),
    ]);
  return {
    ...decision,
    caFiles: new Map([...decision.caFiles, ...taken]),
    differences: [...decision.differences, ...say(WOULD)],
    changes: [...decision.changes, ...say(DID)],
  };
}

interface ChainChange {
  /** The new content. */
  readonly pem?: string;
  /** Why a file that exists keeps its content. */
  readonly kept?: string;
  /** What an accepted change lacks a hash for. */
  readonly unpinned?: string;
}

/** A node need not have the file: without it, only a hash of the root brings it. */
function decideOne(
  ours: string | undefined,
  chain: PublishedCertificates,
  bundle: string,
  { accept, hashes }: CaChangeOptions,
): ChainChange {
  const isWanted = ours !== undefined || (accept && hashes.root.length > 0);
  if (!isWanted) return {};
  if ('problem' in chain) return { kept: chain.problem };
  if (chain.pem === ours) return {};
  const problem = findChainProblem(chain.pem, bundle);
  if (problem !== undefined) return { kept: `the published chain cannot be used: ${problem}` };
  const unknown = findUnknownRoots(chain.pem, accept ? hashes.root : [], (ours ?? '') + bundle);
  if (unknown.length === 0) return takeUnlessLess(ours ?? '', chain.pem, bundle, accept);
  const roots = unknown.map(describeRoot).join(', ');
  return accept
    ? { unpinned: `${roots}: no --ca-cert-hash root=sha256:HEX matches its key` }
    : { kept: `the service publishes another root: ${roots}` };
}

/**
 * The bucket may publish an older chain. Pods and clients outside would no longer verify what the CAs and roots that it
 * lacks vouch for, so it must have every CA of the node that the file has, and only a person gives up a root.
 */
function takeUnlessLess(ours: string, pem: string, bundle: string, accept: boolean): ChainChange {
  const stay = fingerprintsOf(pem);
  const lost = parseCertificates(ours).filter(
    ({ fingerprint256 }) => !stay.includes(fingerprint256),
  );
  const cas = parseCertificates(bundle);
  const ca = lost.find((one) => cas.some((known) => known.fingerprint256 === one.fingerprint256));
  if (ca)
    return { kept: `the published chain lacks a certificate of the CA file: ${subjectUntil(ca)}` };
  // a CA that was its own root is dropped as any other
  const root = rootsOf(lost).find((one) => !cas.some(({ subject }) => subject === one.subject));
  if (!root || accept) return { pem };
  return {
    kept: `the published chain lacks ${describeRoot(root)}; --accept-ca-change accepts that`,
  };
}
