/** Reads a certificate from its location on the node, and reports what is wrong with it. Writes nothing. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { type Kubeconfig, type Material, readKubeconfig } from './kubeconfig.ts';
import type { CertificatePlace } from './places.ts';
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
   * The certificate embedded in kubelet.conf, if the kubelet also has `kubelet-client-current.pem`, which it prefers
   * until that expires (decision 0030). The fields above then describe that file.
   */
  readonly embedded?: Pick<CertificateInPlace, 'chain' | 'leaf' | 'privateKey' | 'problems'>;
}

/** A missing file is a state; a file without read permission is an error that names its path. */
export function readPlace(place: CertificatePlace): PlaceState {
  return place.kind === 'pair' ? readPair(place) : readKubeconfigPlace(place);
}

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
    const isEmbedded = 'pem' in certificate && named.state === 'present';
    return isEmbedded ? preferKubeletPem(place, kubeconfig, named) : named;
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

/**
 * As the kubelet does with rotateCertificates, which kubeadm sets (certificate_manager.go:
 * getCurrentCertificateOrBootstrap).
 */
function preferKubeletPem(
  place: CertificatePlace & { kind: 'kubeconfig' },
  kubeconfig: Kubeconfig,
  embedded: CertificateInPlace,
): PlaceState {
  const { kubeletPem: file } = place;
  const text = file === undefined ? undefined : readTextIfThere(file);
  if (file === undefined || text === undefined) return embedded;
  const preferred = examine(place, kubeconfig, file, text, file, text);
  return preferred.state === 'present' ? { ...preferred, embedded } : preferred;
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
