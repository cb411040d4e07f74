/** What each certificate of a new node still lacks, by what lies on disk. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import { type CheckedRequest, readRequest } from '../../../lib/csr/read-request.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { certificateNamesFor, csrFromConfig, type PlannedCsr } from '../csr/kubeadm-csr.ts';
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { type CertificatePlace, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPrivateKey } from '../disk/private-key.ts';
import { readPlace } from '../disk/read-place.ts';
import { isFileThere } from './write-file.ts';

export interface PlannedCertificate extends PlannedCsr {
  readonly place: CertificatePlace;
  /** Below the request id, as `kubeadm certs generate-csr` lays it out. */
  readonly path: string;
  readonly csrFile: string;
  /** Whether a certificate is in place already; whether it is a good one is the preflight's to say. */
  readonly isThere: boolean;
  /** PEM of the private key that lies there. */
  readonly privateKey: string | undefined;
  /** The CSR that lies there, if it is for that key and asks for what the configuration wants. */
  readonly csr: Uint8Array | undefined;
}

/** @throws CommandError for a file in the way that is neither a certificate nor a key */
export function planCertificates(
  config: KubeadmConfig,
  folders: NodeFolders,
): PlannedCertificate[] {
  return certificateNamesFor(config).map((name) => planOne(name, config, folders));
}

function planOne(name: CertificateName, config: KubeadmConfig, folders: NodeFolders) {
  const planned = csrFromConfig(name, config);
  const place = placeOf(name, folders);
  const { baseName } = profileOf(name);
  const stem = place.kind === 'pair' ? place.certificateFile.replace(/\.crt$/, '') : place.file;
  const csrFile = `${stem}.csr`;
  const isThere = readPlace(place).state === 'present';
  const privateKey = isThere ? undefined : keyAt(place);
  const about = { ...planned, place, csrFile, isThere, privateKey };
  const path = baseName === undefined ? `${name}.csr` : `pki/${baseName}.csr`;
  const csr = privateKey === undefined ? undefined : csrAt(csrFile, planned, privateKey);
  return { ...about, path, csr };
}

function keyAt(place: CertificatePlace): string | undefined {
  const file = place.kind === 'pair' ? place.keyFile : place.file;
  const inTheWay = (problem: string) =>
    new CommandError('usage', `${file}: ${problem}`, 'move it away, and run the command again');
  if (place.kind === 'pair' && isFileThere(place.certificateFile))
    throw new CommandError(
      'usage',
      `${place.certificateFile}: holds no certificate that can be read`,
      'move it away, and run the command again',
    );
  if (!isFileThere(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  if (place.kind === 'pair') {
    if (!readPrivateKey(text)) throw inTheWay('holds no private key that can be read');
    return text;
  }
  try {
    const { privateKey } = readKubeconfig(text, dirname(file));
    const pem = privateKey && 'pem' in privateKey ? privateKey.pem : undefined;
    if (pem !== undefined && readPrivateKey(pem)) return pem;
  } catch (error) {
    throw inTheWay(error instanceof Error ? error.message : String(error));
  }
  throw inTheWay('is a kubeconfig with neither a certificate nor a private key');
}

function csrAt(file: string, planned: PlannedCsr, privateKey: string): Uint8Array | undefined {
  if (!isFileThere(file)) return undefined;
  const bytes = readFileSync(file);
  const { request } = readRequest(bytes);
  return request && fits(request, planned, createPublicKey(privateKey)) ? bytes : undefined;
}

function fits(request: CheckedRequest, { contents }: PlannedCsr, key: KeyObject): boolean {
  const listed = (names: CheckedRequest['names']) => names.map(formatName).sort().join();
  const { commonName, organizations } = contents.subject;
  return (
    request.key.keyObject.equals(key) &&
    request.subject.commonName === commonName &&
    [...request.subject.organizations].sort().join() === [...organizations].sort().join() &&
    listed(request.names) === listed(contents.names)
  );
}
