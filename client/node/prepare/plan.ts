/** What each certificate of a new node still needs, given the files on disk. */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { dirname, join } from 'node:path';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import { type CheckedRequest, readRequest } from '../../../lib/csr/read-request.ts';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { type CertificateName, CSRSIGNING_CONF } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { certificateNamesFor, csrFromConfig, type PlannedCsr } from '../csr/kubeadm-csr.ts';
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { type CertificatePlace, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPrivateKey } from '../disk/private-key.ts';
import { readPlace } from '../disk/read-place.ts';
import { fileExists } from './write-file.ts';

export interface PlannedCertificate extends PlannedCsr {
  readonly place: CertificatePlace;
  /** Below the request id, as `kubeadm certs generate-csr` lays it out. */
  readonly path: string;
  readonly csrFile: string;
  /** Whether a certificate exists; the preflight checks whether it is valid. */
  readonly isInPlace: boolean;
  /** PEM of the existing private key. */
  readonly privateKey: string | undefined;
  /** The existing CSR, if it is for that key and requests what the configuration says. */
  readonly csr: Uint8Array | undefined;
}

/**
 * @param csrsigning whether the forwarder will run on this node
 * @throws CommandError for an existing file that contains neither a certificate nor a key
 */
export function planCertificates(
  config: KubeadmConfig,
  folders: NodeFolders,
  csrsigning: boolean,
): PlannedCertificate[] {
  const names: CertificateName[] = [
    ...certificateNamesFor(config),
    ...(needsCsrsigning(config, folders, csrsigning) ? ([CSRSIGNING_CONF] as const) : []),
  ];
  return names.map((name) => planOne(name, config, folders));
}

/** What a run with `--csrsigning` began, a later run without it completes. */
function needsCsrsigning(
  { role, file }: KubeadmConfig,
  { kubeconfigDir }: NodeFolders,
  given: boolean,
): boolean {
  if (role !== 'worker') return given || fileExists(join(kubeconfigDir, CSRSIGNING_CONF));
  if (!given) return false;
  throw new CommandError(
    'usage',
    `${file}: makes this node a worker, and --csrsigning is for control planes`,
    'omit --csrsigning',
  );
}

function planOne(name: CertificateName, config: KubeadmConfig, folders: NodeFolders) {
  const planned = csrFromConfig(name, config);
  // the kubelet has not run yet: what an earlier one left is reported by the preflight
  const place = placeOf(name, { ...folders, kubeletDir: undefined });
  const { baseName } = profileOf(name);
  const csrFile = `${fileOf(place).replace(/\.crt$/, '')}.csr`;
  const isInPlace = readPlace(place).state === 'present';
  const privateKey = isInPlace ? undefined : keyAt(place);
  const path = baseName === undefined ? `${name}.csr` : `pki/${baseName}.csr`;
  const csr = privateKey === undefined ? undefined : csrAt(csrFile, planned, privateKey);
  return { ...planned, place, path, csrFile, isInPlace, privateKey, csr };
}

function keyAt(place: CertificatePlace): string | undefined {
  const file = place.kind === 'pair' ? place.keyFile : place.file;
  if (place.kind === 'pair' && fileExists(place.certificateFile))
    throw unusable(place.certificateFile, 'no readable certificate');
  if (!fileExists(file)) return undefined;
  const text = readFile(file).bytes.toString('utf8');
  if (place.kind === 'pair') {
    if (!readPrivateKey(text)) throw unusable(file, 'no readable private key');
    return text;
  }
  try {
    const { privateKey } = readKubeconfig(text, dirname(file));
    const pem = privateKey && 'pem' in privateKey ? privateKey.pem : undefined;
    if (pem !== undefined && readPrivateKey(pem)) return pem;
  } catch (error) {
    throw unusable(file, error instanceof Error ? error.message : String(error));
  }
  throw unusable(file, 'a kubeconfig with neither a certificate nor a private key');
}

/** prepare overwrites nothing. */
const unusable = (file: string, problem: string) =>
  new CommandError('usage', `${file}: ${problem}`, 'move it away, then run the command again');

function csrAt(file: string, planned: PlannedCsr, privateKey: string): Uint8Array | undefined {
  if (!fileExists(file)) return undefined;
  const bytes = readFile(file).bytes;
  const { request } = readRequest(bytes);
  return request && fits(request, planned, createPublicKey(privateKey)) ? bytes : undefined;
}

function fits(request: CheckedRequest, { contents }: PlannedCsr, key: KeyObject): boolean {
  const listed = (names: CheckedRequest['names']) => names.map(formatName).sort().join();
  const { commonName, organizations } = contents.subject;
  return (
    isSameKey(request.key.keyObject, key) &&
    request.subject.commonName === commonName &&
    [...request.subject.organizations].sort().join() === [...organizations].sort().join() &&
    listed(request.names) === listed(contents.names)
  );
}
