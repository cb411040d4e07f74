/** The CAs of a control plane as kubeadm keeps them: a certificate and a private key for each. */
import { existsSync } from 'node:fs';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { CommandError } from '../errors.ts';
import { usesExternalEtcd } from '../node/disk/belongs-here.ts';
import { caKeyFileOf } from '../node/disk/ca-keys.ts';
import { caFileOf, type NodeFolders } from '../node/disk/places.ts';
import { areAPair } from '../node/disk/private-key.ts';
import { readManifest } from '../node/restart/manifest.ts';
import { type CaCertificateFile, readCaCertificate } from './ca-certificate-file.ts';
import { type CaKeyFile, readCaKey } from './ca-key-file.ts';

export interface PkiCa {
  readonly ca: AdoptableCa;
  readonly certificateFile: string;
  readonly certificate: CaCertificateFile;
  readonly keyFile: string;
  readonly key: CaKeyFile;
}

/** `external`: kubeadm neither has nor needs the CA of an etcd that it does not run. */
export type EtcdPlace = 'local' | 'external';

/** From the manifests of the node; in a copy of its certificates, from whether there is a CA of etcd. */
export function etcdPlaceOf(folders: NodeFolders): EtcdPlace {
  if (usesExternalEtcd(folders)) return 'external';
  const isLocal = readManifest('etcd', folders) ?? existsSync(caFileOf('etcd-ca', folders));
  return isLocal ? 'local' : 'external';
}

/** The CAs that are meant if none is named. */
const defaultCas = (folders: NodeFolders): readonly AdoptableCa[] =>
  etcdPlaceOf(folders) === 'local' ? ADOPTABLE_CAS : ADOPTABLE_CAS.filter((ca) => ca !== 'etcd-ca');

/**
 * @param cas in any order; by default those that the node has
 * @throws CommandError if there is no such folder, or the system's error if a file exists and cannot be read
 */
export function readPki(folders: NodeFolders, cas?: readonly AdoptableCa[]): PkiCa[] {
  if (!existsSync(folders.certDir))
    throw new CommandError(
      'usage',
      `${folders.certDir} does not exist; this machine does not look like a control plane`,
      'run the command on a control plane, or name a copy of its pki folder with --cert-dir',
    );
  const wanted = cas ?? defaultCas(folders);
  return ADOPTABLE_CAS.filter((ca) => wanted.includes(ca)).map((ca) => readCa(ca, folders));
}

function readCa(ca: AdoptableCa, folders: NodeFolders): PkiCa {
  const [certificateFile, keyFile] = [caFileOf(ca, folders), caKeyFileOf(ca, folders)];
  const key = readCaKey(keyFile);
  const known = key.state === 'found' ? key.key : undefined;
  const certificate = readCaCertificate(certificateFile, known);
  return { ca, certificateFile, certificate, keyFile, key };
}

/** Whether the key is that of the certificate, or what is wrong with either. */
export type KeyState =
  | 'matches'
  | 'differs'
  | 'not-compared'
  | Exclude<CaKeyFile['state'], 'found'>;

export function keyStateOf({ certificate, key }: PkiCa): KeyState {
  if (key.state !== 'found') return key.state;
  if (certificate.state !== 'found') return 'not-compared';
  return areAPair(key.key, certificate.certificate.publicKey) ? 'matches' : 'differs';
}
