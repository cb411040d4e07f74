/** Every certificate of a node with its age and what is wrong with it: kubeadm's own rows, and those of the kubelet. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import {
  CA_NAMES,
  type CaName,
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { caFileOf, KUBELET_PEM, placeOf } from '../disk/places.ts';
import { type PlaceState, readPlace } from '../disk/read-place.ts';
import { findKubeletServing } from './kubelet-places.ts';
import { readBothOfKubelet, readServing } from './kubelet-rows.ts';
import { type InventoryOptions, isExternal, messageOf, present, type Row } from './row.ts';

export interface Inventory {
  /** As kubeadm lists them, by name. */
  readonly certificates: readonly Row[];
  readonly certificateAuthorities: readonly Row[];
  /** What kubeadm leaves to the kubelet. */
  readonly kubelet: readonly Row[];
}

/** Reads only. A file that can't be read is a row that says so, and the others are read all the same. */
export function takeInventory(options: InventoryOptions): Inventory {
  const cas = CA_NAMES.filter((ca) => !(options.externalEtcd && ca === 'etcd-ca')).map((ca) =>
    readCa(ca, options),
  );
  const names = CERTIFICATE_NAMES.filter(
    (name) => !(options.externalEtcd && profileOf(name).ca === 'etcd-ca'),
  );
  const isWorker = !names.some(
    (name) => name !== 'kubelet.conf' && safely(name, options).state !== 'missing',
  );
  const rows = names.flatMap((name) => readRows(name, isWorker, options));
  const serving = findKubeletServing(options.kubeletDir);
  return {
    certificates: byName(rows.filter((row) => !isOfKubelet(row))),
    certificateAuthorities: byName(
      cas.map((ca) =>
        isWorker && ca.name !== 'ca' && ca.state === 'missing' ? { ...ca, problems: [] } : ca,
      ),
    ),
    kubelet: [...rows.filter(isOfKubelet), ...(serving ? [readServing(serving, options)] : [])],
  };
}

const isOfKubelet = ({ name }: Row) => name === 'kubelet.conf' || name === KUBELET_PEM;

/** In the order of Go's sort of strings. */
const byName = (rows: readonly Row[]) => [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));

/** People take these off a node on purpose. */
const OPTIONAL: readonly CertificateName[] = ['admin.conf', 'super-admin.conf'];

function readRows(name: CertificateName, isWorker: boolean, options: InventoryOptions): Row[] {
  const { ca } = profileOf(name);
  const found = safely(name, options);
  const about = { name, caName: ca, externallyManaged: isExternal(ca, options) };
  if (found.state === 'present' && found.embedded)
    return readBothOfKubelet({ ...found, embedded: found.embedded }, about, options);
  if (found.state === 'present')
    return [{ ...about, ...present(found, options), file: found.certificateFile }];
  const isWanted =
    !OPTIONAL.includes(name) &&
    (!isWorker || name === 'kubelet.conf') &&
    !(ca === 'etcd-ca' && !hasEtcd(options));
  const problems = found.state === 'broken' ? [found.problem] : isWanted ? ['it is missing'] : [];
  return [{ ...about, file: found.file, state: found.state, notAfter: undefined, problems }];
}

/** A file that may not be read is broken, not the end of the list. */
function safely(name: CertificateName, options: InventoryOptions): PlaceState {
  const place = placeOf(name, options);
  try {
    return readPlace(place);
  } catch (error) {
    const file = place.kind === 'pair' ? place.certificateFile : place.file;
    return { state: 'broken', name, file, problem: messageOf(error) };
  }
}

/** Without a configuration, a node with nothing of etcd at all has its etcd somewhere else. */
function hasEtcd(options: InventoryOptions): boolean {
  return existsSync(caFileOf('etcd-ca', options));
}

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
    const isWanted = ca !== 'etcd-ca' || existsSync(join(options.certDir, 'etcd'));
    if (text === undefined)
      return { ...about, state: 'missing', problems: isWanted ? ['it is missing'] : [] };
    const [first] = certificatesIn(text);
    if (first === undefined)
      return { ...about, state: 'broken', problems: ['it holds no PEM certificate'] };
    const certificate = new X509Certificate(first);
    const problems = certificate.ca ? [] : ['it is no CA'];
    return { ...about, state: 'present', notAfter: new Date(certificate.validTo), problems };
  } catch (error) {
    return { ...about, state: 'broken', problems: [messageOf(error)] };
  }
}
