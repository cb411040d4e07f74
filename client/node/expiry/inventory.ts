/** Every certificate of a node with its age and what is wrong with it: kubeadm's own rows, and those of the kubelet. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { AlternativeName } from '../../../lib/door/alternative-names.ts';
import {
  CA_NAMES,
  type CaName,
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { caFileOf, KUBELET_PEM, type NodeFolders, placeOf } from '../places.ts';
import { areAPair, readPrivateKey } from '../private-key.ts';
import { type CertificateInPlace, type PlaceState, readPlace } from '../read-place.ts';
import { problemsOf, type Wanted } from './certificate-problems.ts';
import { findKubeletServing, type KubeletServing } from './kubelet-places.ts';

export interface Row {
  readonly name: string;
  /** Where the certificate stands. */
  readonly file: string;
  readonly state: 'present' | 'missing' | 'broken';
  readonly notAfter: Date | undefined;
  /** The CA that should have signed it; undefined for CAs, and for what the kubelet signs itself. */
  readonly caName: CaName | undefined;
  /** Whether the key of its CA is not on this node. */
  readonly externallyManaged: boolean;
  /** What is wrong beside its age, in words. */
  readonly problems: readonly string[];
  /** Of the kubelet's, where there are two of them: whether it is the one that the kubelet shows. */
  readonly inUse?: boolean;
}

export interface Inventory {
  /** As kubeadm lists them, by name. */
  readonly certificates: readonly Row[];
  readonly certificateAuthorities: readonly Row[];
  /** What kubeadm leaves to the kubelet. */
  readonly kubelet: readonly Row[];
}

export interface InventoryOptions extends NodeFolders {
  /** The kubelet's --cert-dir. */
  readonly kubeletDir: string;
  /** With an etcd of somebody else kubeadm has no etcd rows. */
  readonly externalEtcd: boolean;
  /** Names that a certificate must have, where a configuration says so. */
  readonly namesOf: (name: CertificateName) => readonly AlternativeName[];
  /** The node's name, where it is known: it stands in some certificates. */
  readonly nodeName?: string | undefined;
  readonly now: Date;
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

/** The certificate in kubelet.conf and the kubelet's own: until that one expires, no other is used. */
function readBothOfKubelet(
  own: CertificateInPlace & Required<Pick<CertificateInPlace, 'embedded'>>,
  about: Pick<Row, 'name' | 'caName' | 'externallyManaged'>,
  options: InventoryOptions,
): Row[] {
  const { embedded, certificateFile, place } = own;
  const [ends, embeddedEnds] = [own.leaf, embedded.leaf].map(({ validTo }) => new Date(validTo));
  const isOwnInUse = (ends ?? options.now) > options.now;
  const isInVain = isOwnInUse && (embeddedEnds ?? options.now) > (ends ?? options.now);
  const problems = isInVain
    ? [
        `the kubelet does not use it, but ${certificateFile}, which ends first: cakeless renew kubelet.conf makes both new`,
      ]
    : [];
  const inside = present({ ...own, ...embedded, kubeconfig: own.kubeconfig }, options);
  const file = place.kind === 'kubeconfig' ? place.file : certificateFile;
  return [
    {
      ...{ ...about, ...inside, file, inUse: !isOwnInUse },
      problems: [...inside.problems, ...problems],
    },
    {
      ...{ ...about, ...present({ ...own, kubeconfig: undefined }, options), name: KUBELET_PEM },
      ...{ file: certificateFile, inUse: isOwnInUse },
    },
  ];
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

function present(
  { name, chain, leaf, problems, kubeconfig }: CertificateInPlace,
  options: InventoryOptions,
): Pick<Row, 'state' | 'notAfter' | 'problems'> {
  const profile = profileOf(name);
  const caFile = caFileOf(profile.ca, options);
  const trustBundle = readTextIfThere(caFile);
  const wanted: Wanted = {
    ...profile,
    commonName: profile.commonName.replace('{node}', options.nodeName ?? '{node}'),
    organizations: profile.organizations.flatMap(({ accepted }) => accepted),
    names: options.namesOf(name),
    trustBundle,
    caFile,
  };
  return {
    state: 'present',
    notAfter: new Date(leaf.validTo),
    problems: [
      ...problems,
      ...guarded(() => problemsOf(chain, wanted, options.now)),
      ...(kubeconfig ? guarded(() => problemsOfCaData(kubeconfig, trustBundle, caFile)) : []),
    ],
  };
}

/** kubeadm compares the first certificate of a kubeconfig's CA data with ca.crt, in `init` only. */
function problemsOfCaData(
  { certificateAuthority }: NonNullable<CertificateInPlace['kubeconfig']>,
  trustBundle: string | undefined,
  caFile: string,
): string[] {
  if (!certificateAuthority) return ['it names no certificate authority'];
  const text =
    'pem' in certificateAuthority
      ? certificateAuthority.pem
      : readTextIfThere(certificateAuthority.file);
  const known = certificatesIn(trustBundle ?? '').map(fingerprint);
  if (
    trustBundle === undefined ||
    certificatesIn(text ?? '').some((c) => known.includes(fingerprint(c)))
  )
    return [];
  return [`none of the certificate authorities in it stands in ${caFile}`];
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

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

/** kubeadm's externallyManaged: the CA's key is not beside its certificate (phases/certs: UsingExternalCA …). */
function isExternal(ca: CaName, options: InventoryOptions): boolean {
  return !existsSync(caFileOf(ca, options).replace(/\.crt$/, '.key'));
}

/** A kubelet-serving certificate has O=system:nodes and the node's CN (signer kubernetes.io/kubelet-serving). */
function readServing(serving: KubeletServing, options: InventoryOptions): Row {
  const { certificateFile: file, keyFile, isIssued } = serving;
  const about = {
    name: serving.name,
    file,
    caName: isIssued ? ('ca' as const) : undefined,
    externallyManaged: isIssued && isExternal('ca', options),
  };
  try {
    const chain = certificatesIn(readTextIfThere(file) ?? '');
    const leaf = new X509Certificate(chain[0] ?? '');
    const key = readPrivateKey(readTextIfThere(keyFile) ?? '');
    const caFile = caFileOf('ca', options);
    const pair =
      key === undefined
        ? [`${keyFile} holds no private key that can be read`]
        : areAPair(key, leaf.publicKey)
          ? []
          : [`the private key in ${keyFile} belongs to another certificate`];
    const wanted: Wanted = {
      extendedKeyUsages: ['serverAuth'],
      commonName: `system:node:${options.nodeName ?? '{node}'}`,
      organizations: [['system:nodes']],
      names: [],
      trustBundle: readTextIfThere(caFile),
      caFile,
    };
    const problems = isIssued ? guarded(() => problemsOf(chain, wanted, options.now)) : [];
    const notAfter = new Date(leaf.validTo);
    return { ...about, state: 'present', notAfter, problems: [...pair, ...problems] };
  } catch (error) {
    return { ...about, state: 'broken', notAfter: undefined, problems: [messageOf(error)] };
  }
}

function guarded(judge: () => string[]): string[] {
  try {
    return judge();
  } catch (error) {
    return [`it can not be judged: ${messageOf(error)}`];
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
