/** Every certificate of a node, when it expires and what is wrong with it: kubeadm's rows, and those of the kubelet. */
import { X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import {
  CA_NAMES,
  type CaName,
  CERTIFICATE_NAMES,
  type CertificateName,
  CSRSIGNING_CONF,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { OPTIONAL, usesExternalEtcd, whyItBelongsHere } from '../disk/belongs-here.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { findWrongKubeletDir } from '../disk/kubelet-dir.ts';
import { isKubeletsJob, mayStillRotate } from '../disk/kubelet-rotation.ts';
import { findKubeletServing } from '../disk/kubelet-serving.ts';
import { caFileOf, fileOf, KUBELET_PEM, placeOf } from '../disk/places.ts';
import { type PlaceState, readPlace } from '../disk/read-place.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { findCaKeyWarnings } from '../restart/ca-key-warnings.ts';
import { findChainMisuse } from '../restart/chain-misuse.ts';
import { kubeletAuthorityFile } from '../restart/kubelet-authority.ts';
import { findIssuersAmong, subjectOf, WHY_NOT_ABOVE, whyTooMany } from '../trust/above.ts';
import { caFilesOf, whyNotKubeletCa } from '../trust/another-ca.ts';
import { isOptional } from '../trust/optional-ca.ts';
import { findAboveInClientCas } from './client-ca-files.ts';
import { isLeftToKubelet, readBothOfKubelet, readServing } from './kubelet-rows.ts';
import { guarded, type InventoryOptions, isExternal, messageOf, present, type Row } from './row.ts';

export interface Inventory {
  /** As kubeadm lists them, by name. */
  readonly certificates: readonly Row[];
  readonly certificateAuthorities: readonly Row[];
  /** What kubeadm leaves to the kubelet. */
  readonly kubelet: readonly Row[];
  /** Not a problem with a certificate, but something that should be fixed. */
  readonly warnings: readonly Warning[];
}

export interface Warning {
  readonly file: string;
  readonly warning: string;
}

export const rowsOf = ({ certificates, certificateAuthorities, kubelet }: Inventory) => [
  ...certificates,
  ...certificateAuthorities,
  ...kubelet,
];

/** Only reads. A file that cannot be read becomes a row that says so, and does not hide the others. */
export function takeInventory(given: InventoryOptions): Inventory {
  const options = { ...given, externalEtcd: given.externalEtcd || usesExternalEtcd(given) };
  const cas = CA_NAMES.filter((ca) => !(options.externalEtcd && ca === 'etcd-ca')).map((ca) =>
    readCa(ca, options),
  );
  const names = CERTIFICATE_NAMES.filter(
    (name) => !(options.externalEtcd && profileOf(name).ca === 'etcd-ca'),
  ).filter((name) => !options.pairsOnly || profileOf(name).baseName !== undefined);
  // each is read once, so that all rows and warnings are about the same files
  const places = names.map((name) => safely(name, options));
  const isWorker = seemsWorker(places, options);
  const rows = places
    .filter(({ name }) => !isWorker || name === 'kubelet.conf')
    .filter(({ name, state }) => name !== CSRSIGNING_CONF || state !== 'missing')
    .flatMap((place) => readRows(place, options));
  const { kubeletDir } = options;
  const serving = kubeletDir === undefined ? undefined : findKubeletServing(kubeletDir);
  return {
    certificates: byName(rows.filter((row) => !isOfKubelet(row))),
    certificateAuthorities: byName(
      cas.filter(
        ({ name, state, problems }) =>
          state !== 'missing' ||
          (isOptional(name as CaName) ? problems.length > 0 : !isWorker || name === 'ca'),
      ),
    ),
    kubelet: [...rows.filter(isOfKubelet), ...(serving ? [readServing(serving, options)] : [])],
    warnings: [
      ...findCaKeyWarnings(options),
      ...findChainMisuse(options),
      ...findAboveInClientCas(options),
      ...places.flatMap(findOpenKeys),
      ...findWrongKubeletDir(options),
      ...places.flatMap((place) => findMissedRotation(place, options.now)),
    ],
  };
}

const isOfKubelet = ({ name }: Row) => name === 'kubelet.conf' || name === KUBELET_PEM;

/** In Go's string order. */
const byName = (rows: readonly Row[]) => [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Whether the node has a kubelet, and nothing that a control plane has or leaves. */
function seemsWorker(places: readonly PlaceState[], options: InventoryOptions): boolean {
  const others = places.filter(({ name }) => name !== 'kubelet.conf');
  return (
    places.some(({ name, state }) => name === 'kubelet.conf' && state !== 'missing') &&
    others.every(
      ({ name, state }) => state === 'missing' && whyItBelongsHere(name, options) === undefined,
    )
  );
}

function readRows(found: PlaceState, options: InventoryOptions): Row[] {
  const { name } = found;
  const { ca } = profileOf(name);
  const about = { name, caName: ca, externallyManaged: isExternal(ca, options) };
  if (found.state === 'present' && found.configured)
    return readBothOfKubelet({ ...found, configured: found.configured }, about, options);
  if (found.state === 'present')
    return [
      {
        ...about,
        ...present(found, options),
        file: found.certificateFile,
        ...(isLeftToKubelet(found, options.now) && { kubeletRotates: true }),
      },
    ];
  const isWanted = !OPTIONAL.includes(name) && !(ca === 'etcd-ca' && !hasEtcd(options));
  const problems = found.state === 'broken' ? [found.problem] : isWanted ? ['it is missing'] : [];
  return [{ ...about, file: found.file, state: found.state, notAfter: undefined, problems }];
}

function findMissedRotation(place: PlaceState, now: Date): Warning[] {
  if (place.state !== 'present' || !isKubeletsJob(place) || mayStillRotate(place, now)) return [];
  return [{ file: place.certificateFile, warning: MISSED_ROTATION }];
}

const MISSED_ROTATION =
  'the kubelet should have rotated it by now: nobody signs its CertificateSigningRequests (cakeless csrsigning --check), or approves them; cakeless renew kubelet.conf, or all, replaces it';

const OTHERS_RIGHTS = 0o007;

/** Files with a key that every user may read, as after an edit. Their folder may keep others out, for now. */
function findOpenKeys(place: PlaceState): Warning[] {
  if (place.state !== 'present') return [];
  return [place, ...(place.configured ? [place.configured] : [])].flatMap(({ keyFile: file }) => {
    const mode = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
    if (file === undefined || mode === undefined || (mode & OTHERS_RIGHTS) === 0) return [];
    return [{ file, warning: OPEN_KEY_WARNING }];
  });
}

const OPEN_KEY_WARNING =
  'its mode lets every user of this machine use the private key in it; chmod 600 makes it private again, and a new key helps if someone has read it: cakeless renew';

/** A file without read permission becomes one broken row, not an error. */
function safely(name: CertificateName, options: InventoryOptions): PlaceState {
  const place = placeOf(name, options);
  try {
    return readPlace(place);
  } catch (error) {
    return { state: 'broken', name, file: fileOf(place), problem: messageOf(error) };
  }
}

/** Without a configuration, a node without etcd's CA file is taken to use an external etcd. */
function hasEtcd(options: InventoryOptions): boolean {
  return existsSync(caFileOf('etcd-ca', options));
}

/** Why a missing CA file is a problem; empty if the node does not need it. */
function whyMissed(ca: CaName, options: InventoryOptions): string[] {
  if (ca === 'etcd-ca') return existsSync(join(options.certDir, 'etcd')) ? ['it is missing'] : [];
  if (!isOptional(ca)) return ['it is missing'];
  return kubeletAuthorityFile(options) === resolvedPath(caFileOf(ca, options))
    ? [
        'it is missing, but kube-apiserver is to verify kubelets with it and does not start without it',
      ]
    : [];
}

function whyAnotherCa(text: string, options: InventoryOptions): string[] {
  const others = [...caFilesOf(options)].filter(([ca]) => !isOptional(ca));
  const why = whyNotKubeletCa(text, new Map(others));
  return why === undefined ? [] : [`it ${why}, so that it is not the CA of kubelets`];
}

function whyAbove(text: string): string[] {
  const certificates = parseCertificates(text);
  const tooMany = whyTooMany(certificates);
  if (tooMany !== undefined) return [`it ${tooMany}: one may be above the CA`];
  return findIssuersAmong(certificates).map(
    (one) => `it contains ${subjectOf(one)}, which is above the CA: ${WHY_NOT_ABOVE}; remove it`,
  );
}

const HOW_TO_REPLACE =
  'cakeless renew apiserver-kubelet-client --accept-ca-change --ca-cert-hash kubelet-ca=sha256:HEX replaces it';

function readCa(ca: CaName, options: InventoryOptions): Row {
  const file = caFileOf(ca, options);
  const about = {
    name: ca,
    file,
    caName: undefined,
    externallyManaged: isExternal(ca, options),
    notAfter: undefined,
  };
  try {
    const text = readTextIfThere(file);
    if (text === undefined) return { ...about, state: 'missing', problems: whyMissed(ca, options) };
    const [first] = certificatesIn(text);
    if (first === undefined)
      return { ...about, state: 'broken', problems: ['it contains no PEM certificate'] };
    const certificate = new X509Certificate(first);
    const problems = certificate.ca ? [] : ['it is not a CA'];
    const mixedUp = isOptional(ca) ? guarded(() => whyAnotherCa(text, options)) : [];
    return {
      ...about,
      state: 'present',
      notAfter: new Date(certificate.validTo),
      problems: [...problems, ...guarded(() => whyAbove(text)), ...mixedUp],
      advice: new Map(mixedUp.map((problem) => [problem, HOW_TO_REPLACE] as const)),
    };
  } catch (error) {
    return { ...about, state: 'broken', problems: [messageOf(error)] };
  }
}
