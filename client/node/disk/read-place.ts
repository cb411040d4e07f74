/** Reads a certificate from its location on the node, and reports what is wrong with it. Writes nothing. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { type Kubeconfig, type Material, readKubeconfig } from './kubeconfig.ts';
import { type CertificatePlace, fileOf } from './places.ts';
import { areAPair, readPrivateKey } from './private-key.ts';

export type PlaceState =
  /** The file does not exist. */
  | { readonly state: 'missing'; readonly name: CertificateName; readonly file: string }
  /** The file exists, but contains no readable certificate. */
  | {
      readonly state: 'broken';
      readonly name: CertificateName;
      readonly file: string;
      readonly problem: string;
    }
  | CertificateInPlace;

export interface CertificateInPlace {
  readonly state: 'present';
  readonly name: CertificateName;
  readonly place: CertificatePlace;
  /** The file with the certificate: its own, the kubeconfig, or the one that the kubeconfig names. */
  readonly certificateFile: string;
  readonly keyFile: string | undefined;
  /** Leaf first, then intermediates, in PEM. */
  readonly chain: readonly string[];
  readonly leaf: X509Certificate;
  readonly privateKey: KeyObject | undefined;
  /** Only for kubeconfigs. */
  readonly kubeconfig: Kubeconfig | undefined;
  /** What is wrong with the key: missing, unreadable, or of another certificate. */
  readonly problems: readonly string[];
  /**
   * What kubelet.conf contains or names, if the kubelet also has `kubelet-client-current.pem`, which it loads instead
   * (decision 0030). The fields above then describe that file.
   */
  readonly configured?: ConfiguredCertificate;
}

export type ConfiguredCertificate = Pick<
  CertificateInPlace,
  'certificateFile' | 'keyFile' | 'chain' | 'leaf' | 'privateKey' | 'problems'
>;

/**
 * A missing file is a state, and so is one that cannot be read, such as a folder in its place; only a file without read
 * permission is an error.
 */
export function readPlace(place: CertificatePlace): PlaceState {
  try {
    return place.kind === 'pair' ? readPair(place) : readKubeconfigPlace(place);
  } catch (error) {
    if (isDenied(error)) throw error;
    const file = fileOf(place);
    return { state: 'broken', name: place.name, file, problem: problemOf(error, file) };
  }
}

const isDenied = (error: unknown) =>
  ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');

function readPair(place: CertificatePlace & { kind: 'pair' }): PlaceState {
  const { name, certificateFile, keyFile } = place;
  const certificate = readTextIfThere(certificateFile);
  if (certificate === undefined) return { state: 'missing', name, file: certificateFile };
  return examine(place, undefined, certificateFile, certificate, keyFile, readTextIfThere(keyFile));
}

function readKubeconfigPlace(place: CertificatePlace & { kind: 'kubeconfig' }): PlaceState {
  const { name, file } = place;
  const yaml = readTextIfThere(file);
  if (yaml === undefined) return { state: 'missing', name, file };
  const broken = (problem: string): PlaceState => ({ state: 'broken', name, file, problem });
  try {
    const kubeconfig = readKubeconfig(yaml, dirname(file));
    const { certificate, privateKey } = kubeconfig;
    if (!certificate) return broken('no client certificate');
    const [certificateFile, certificateText] = resolve(certificate, file);
    if (certificateText === undefined)
      return broken(`it names ${certificateFile}, which does not exist`);
    const [keyFile, keyText] = privateKey ? resolve(privateKey, file) : [undefined, undefined];
    const named = examine(place, kubeconfig, certificateFile, certificateText, keyFile, keyText);
    return named.state === 'present' ? preferKubeletPem(place, kubeconfig, named) : named;
  } catch (error) {
    return broken(problemOf(error, file));
  }
}

/**
 * As the kubelet does with rotateCertificates, which kubeadm sets: it loads `kubelet-client-current.pem` wherever that
 * exists, and what kubelet.conf names only if it does not (client-go util/certificate certificate_store.go:
 * fileStore.Current; certificate_manager.go: getCurrentCertificateOrBootstrap).
 */
function preferKubeletPem(
  place: CertificatePlace & { kind: 'kubeconfig' },
  kubeconfig: Kubeconfig,
  configured: CertificateInPlace,
): PlaceState {
  const { kubeletPem: file } = place;
  if (file === undefined || leadsThrough(configured.certificateFile, file)) return configured;
  const text = readTextIfThere(file);
  if (text === undefined) return configured;
  const preferred = examine(place, kubeconfig, file, text, file, text);
  return preferred.state === 'present' ? { ...preferred, configured } : preferred;
}

/** Whether a path is that of the other file, or a link with the same target. */
function leadsThrough(path: string, file: string): boolean {
  if (!existsSync(file)) return false;
  const isSamePath =
    basename(path) === basename(file) &&
    realpathSync(dirname(path)) === realpathSync(dirname(file));
  return (
    isSamePath || (lstatSync(path).isSymbolicLink() && realpathSync(path) === realpathSync(file))
  );
}

function resolve(material: Material, file: string): [string, string | undefined] {
  return 'pem' in material ? [file, material.pem] : [material.file, readTextIfThere(material.file)];
}

function examine(
  place: CertificatePlace,
  kubeconfig: Kubeconfig | undefined,
  certificateFile: string,
  certificateText: string,
  keyFile: string | undefined,
  keyText: string | undefined,
): PlaceState {
  const { name } = place;
  const broken = (problem: string): PlaceState => ({
    state: 'broken',
    name,
    file: certificateFile,
    problem,
  });
  const chain = certificatesIn(certificateText);
  const [first] = chain;
  if (first === undefined) return broken('no PEM certificate');
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(first);
  } catch {
    return broken('its first certificate cannot be parsed');
  }
  const privateKey = keyText === undefined ? undefined : readPrivateKey(keyText);
  return {
    state: 'present',
    name,
    place,
    certificateFile,
    keyFile,
    chain,
    leaf,
    privateKey,
    kubeconfig,
    problems: problemsOfKey(leaf, keyFile, keyText, privateKey),
  };
}

function problemsOfKey(
  leaf: X509Certificate,
  keyFile: string | undefined,
  keyText: string | undefined,
  privateKey: KeyObject | undefined,
): string[] {
  if (keyFile === undefined) return ['the private key is missing'];
  if (keyText === undefined) return [`${keyFile} is missing`];
  if (privateKey === undefined) return [`${keyFile} contains no readable private key`];
  return areAPair(privateKey, leaf.publicKey)
    ? []
    : [`the private key in ${keyFile} belongs to another certificate`];
}

/** Without the path of the file, which is next to it in every message. */
function problemOf(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}
