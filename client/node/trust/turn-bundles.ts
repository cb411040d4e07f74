/**
 * Which certificate a CA file begins with. kubeadm reads only the first one: `check-expiration`, `upgrade` and
 * `init phase` refuse a node one of whose certificates does not chain to it. So it is a CA that all certificates of this
 * node chain to, whatever order the service publishes; while some of them are of the old CA and others of the new one,
 * the file begins as before, and it turns with the last of them.
 */
import type { X509Certificate } from 'node:crypto';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { currentContent } from '../disk/file-change.ts';
import { fingerprintsOf, parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { type CaDecision, DID, describeTurn, WOULD } from './ca-change.ts';
import type { PublishedBundle } from './read-bundle.ts';

/** A certificate that the node will have: whether it chains to a CA. */
export interface NodeCertificate {
  readonly ca: CaName;
  chainsTo(ca: X509Certificate): boolean;
}

/**
 * What the order adds to a decision. It only moves certificates that the file contains already, or gets by the decision:
 * nobody has to accept that.
 * @param published the order of the service, which has the CA that signs first
 * @param certificates all those of the node, as they will be
 */
export function turnBundles(
  decision: CaDecision,
  folders: NodeFolders,
  published: ReadonlyMap<CaName, PublishedBundle>,
  certificates: readonly NodeCertificate[],
): CaDecision {
  const caFiles = new Map(decision.caFiles);
  const differences = [...decision.differences];
  const changes = [...decision.changes];
  for (const ca of CA_NAMES) {
    const file = caFileOf(ca, folders);
    const ofCa = certificates.filter((one) => one.ca === ca);
    const ours = currentContent(file, false) ?? '';
    const planned = decision.caFiles.get(file);
    const bundle = planned ?? ours;
    if (ofCa.length === 0 || fingerprintsOf(bundle).length < 2) continue;
    const preferred = inOrderOf(published.get(ca), parseCertificates(bundle));
    const first = chooseFirst(preferred, parseCertificates(ours), ofCa);
    if (first === undefined || first.fingerprint256 === fingerprintsOf(bundle)[0]) continue;
    const turned = [first, ...preferred.filter((one) => one !== first)];
    caFiles.set(file, turned.map(({ raw }) => certificateToPem(raw)).join(''));
    if (planned !== undefined) continue; // its certificates change, too: that is described
    differences.push(describeTurn(ca, file, first, WOULD));
    changes.push(describeTurn(ca, file, first, DID));
  }
  return { ...decision, caFiles, differences, changes };
}

/**
 * Files that only get another order, or renewed certificates, with links resolved: no component has to read them before
 * its next start.
 */
export const filesOfSameCas = (
  turned: Pick<CaDecision, 'caFiles'>,
  { caFiles, onlyRenewed }: Pick<CaDecision, 'caFiles' | 'onlyRenewed'>,
  folders: NodeFolders,
): string[] => {
  const renewed = [...onlyRenewed].map((ca) => caFileOf(ca, folders));
  return [...turned.caFiles.keys()]
    .filter((file) => !caFiles.has(file) || renewed.includes(file))
    .map(resolvedPath);
};

/** The certificates that are published first, in that order, then the others. */
function inOrderOf(
  published: PublishedBundle | undefined,
  certificates: readonly X509Certificate[],
): readonly X509Certificate[] {
  const order = published && 'pem' in published ? fingerprintsOf(published.pem) : [];
  const rank = ({ fingerprint256 }: X509Certificate) =>
    order.includes(fingerprint256) ? order.indexOf(fingerprint256) : order.length;
  return [...certificates].sort((a, b) => rank(a) - rank(b));
}

function chooseFirst(
  preferred: readonly X509Certificate[],
  [before]: readonly X509Certificate[],
  certificates: readonly NodeCertificate[],
): X509Certificate | undefined {
  return (
    preferred.find((ca) => certificates.every((one) => one.chainsTo(ca))) ??
    preferred.find(({ fingerprint256 }) => fingerprint256 === before?.fingerprint256)
  );
}
