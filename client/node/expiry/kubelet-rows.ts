/** The certificates that kubeadm leaves to the kubelet. */
import { X509Certificate } from 'node:crypto';
import { CA_COMMON_NAMES } from '../../../lib/ca/common-names.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { isKubeletsJob, mayStillRotate } from '../disk/kubelet-rotation.ts';
import type { KubeletServing } from '../disk/kubelet-serving.ts';
import { caFileOf, fileOf, KUBELET_PEM } from '../disk/places.ts';
import { areAPair, readPrivateKey } from '../disk/private-key.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { kubeletAuthorityFile } from '../restart/kubelet-authority.ts';
import { isOptional } from '../trust/optional-ca.ts';
import { chainsTo, problemsOf, type Wanted } from './certificate-problems.ts';
import {
  guarded,
  type InventoryOptions,
  isExternal,
  messageOf,
  present,
  type Row,
  readCaText,
} from './row.ts';

/** Whether `cakeless renew all` leaves it to the kubelet. */
export const isLeftToKubelet = (place: CertificateInPlace, now: Date): boolean =>
  isKubeletsJob(place) && mayStillRotate(place, now);

/**
 * What kubelet.conf contains or names, and the kubelet's own file, which the kubelet uses. It starts with the one
 * inside kubelet.conf only if its own has expired.
 */
export function readBothOfKubelet(
  own: CertificateInPlace & Required<Pick<CertificateInPlace, 'configured'>>,
  about: Pick<Row, 'name' | 'caName' | 'externallyManaged'>,
  options: InventoryOptions,
): Row[] {
  const { configured, certificateFile, place } = own;
  const [expires, configuredExpires] = [own.leaf, configured.leaf].map(
    ({ validTo }) => new Date(validTo),
  );
  const isEmbedded = configured.certificateFile === fileOf(place);
  const isOwnInUse = !isEmbedded || (expires ?? options.now) > options.now;
  const isUnused =
    isOwnInUse &&
    !isLeftToKubelet(own, options.now) &&
    (configuredExpires ?? options.now) > (expires ?? options.now);
  const problems = isUnused
    ? [
        `the kubelet uses ${certificateFile} instead, which expires first; run cakeless renew kubelet.conf to renew both`,
      ]
    : [];
  const inside = present({ ...own, ...configured, kubeconfig: own.kubeconfig }, options);
  return [
    {
      ...about,
      ...inside,
      file: configured.certificateFile,
      inUse: !isOwnInUse,
      problems: [...inside.problems, ...problems],
    },
    {
      ...about,
      ...present({ ...own, kubeconfig: undefined }, options),
      name: KUBELET_PEM,
      file: certificateFile,
      inUse: isOwnInUse,
      ...(isLeftToKubelet(own, options.now) && { kubeletRotates: true }),
    },
  ];
}

/**
 * Which CA has to have signed it: `kubelet-ca`, or `ca` where the trust domain has no such CA. A worker has no file of
 * `kubelet-ca`, so that its certificate cannot be compared.
 */
function caOfServing(file: string, options: InventoryOptions): CaName {
  const bundle = readCaText(caFileOf('kubelet-ca', options));
  try {
    const chain = certificatesIn(readTextIfThere(file) ?? '');
    const leaf = new X509Certificate(chain[0] ?? '');
    if (bundle === undefined)
      return leaf.issuer === `CN=${CA_COMMON_NAMES['kubelet-ca']}` ? 'kubelet-ca' : 'ca';
    const ofCluster = readCaText(caFileOf('ca', options)) ?? '';
    return !chainsTo(chain, bundle) && chainsTo(chain, ofCluster) ? 'ca' : 'kubelet-ca';
  } catch {
    return 'ca'; // the row says why it cannot be read
  }
}

/** A kubelet-serving certificate has O=system:nodes and the node's CN (signer kubernetes.io/kubelet-serving). */
export function readServing(serving: KubeletServing, options: InventoryOptions): Row {
  const { certificateFile: file, keyFile, isIssued } = serving;
  const ca = isIssued ? caOfServing(file, options) : undefined;
  const about = {
    name: serving.name,
    file,
    caName: ca,
    externallyManaged: ca !== undefined && isExternal(ca, options),
  };
  try {
    const chain = certificatesIn(readTextIfThere(file) ?? '');
    const leaf = new X509Certificate(chain[0] ?? '');
    const key = readPrivateKey(readTextIfThere(keyFile) ?? '');
    const caFile = caFileOf(ca ?? 'ca', options);
    const pair =
      key === undefined
        ? [`${keyFile} contains no readable private key`]
        : areAPair(key, leaf.publicKey)
          ? []
          : [`the private key in ${keyFile} belongs to another certificate`];
    const wanted: Wanted = {
      extendedKeyUsages: ['serverAuth'],
      commonName: `system:node:${options.nodeName ?? '{node}'}`,
      organizations: [['system:nodes']],
      names: [],
      trustBundle: readCaText(caFile),
      mayLackCa: ca !== undefined && isOptional(ca),
      caFile,
    };
    const problems = isIssued ? guarded(() => problemsOf(chain, wanted, options.now)) : [];
    const notAfter = new Date(leaf.validTo);
    const ofApiServer = guarded(() =>
      problemsOfApiServer(chain, isIssued ? caFile : undefined, options),
    );
    return {
      ...about,
      state: 'present',
      notAfter,
      problems: [...pair, ...problems, ...ofApiServer],
    };
  } catch (error) {
    return { ...about, state: 'broken', notAfter: undefined, problems: [messageOf(error)] };
  }
}

/** Whether the API server of this node accepts it. @param checked the CA file with which it was compared before */
function problemsOfApiServer(
  chain: readonly string[],
  checked: string | undefined,
  options: InventoryOptions,
): string[] {
  const named = kubeletAuthorityFile(options);
  if (named === undefined || (checked !== undefined && resolvedPath(checked) === named)) return [];
  const anchors = readCaText(named);
  if (anchors === undefined || chainsTo(chain, anchors)) return [];
  return [
    `it does not chain to ${named}, with which kube-apiserver verifies kubelets: kubectl logs and exec fail`,
  ];
}
