/**
 * The folder where keys and CSRs wait for their certificates, in kubeadm's layout: `pki/apiserver.key` and `.csr`,
 * `admin.conf.key` and `.csr`. Also reads folders that `generate-csr` or 1.22's `renew --csr-only` filled.
 */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathsOf } from '../../../lib/contract/kubeadm-paths.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { KubeconfigError, readKubeconfig } from '../disk/kubeconfig.ts';
import { areAPair, makePrivateKey, readPrivateKey } from '../disk/private-key.ts';
import type { DesiredCsr } from './desired.ts';
import { makeCsr } from './make-csr.ts';

/** Everybody may read a CSR; kubeadm writes it 0600 all the same. */
const PRIVATE = 0o600;

export interface Staged {
  readonly name: CertificateName;
  /** Below the folder: `pki/etcd/server.csr`. */
  readonly path: string;
  readonly csrFile: string;
  readonly keyPem: string;
  readonly key: KeyObject;
}

/** Path of a CSR in the layout of generate-csr. */
export function stagedPath(name: CertificateName): string {
  return pathsOf(profileOf(name))[0] ?? `${name}.csr`;
}

/**
 * Writes key and CSR; a set that is there already and asks for the same is left as it is, so that a run that was cut
 * off goes on with the key that it may have sent a CSR of.
 */
export async function stage(folder: string, desired: DesiredCsr): Promise<Staged> {
  const found = findStaged(folder, desired.name);
  if (found && asksForTheSame(found, desired)) return found;
  const path = stagedPath(desired.name);
  const stem = join(folder, path.slice(0, -'.csr'.length));
  const keyPem = desired.reuseKey ?? (await makePrivateKey(desired.keyKind));
  const key = createPrivateKey(keyPem);
  await makeFolder(dirname(stem));
  await writeDurably(`${stem}.key`, keyPem, PRIVATE);
  await writeDurably(`${stem}.csr`, makeCsr(desired.contents, key), PRIVATE);
  return { name: desired.name, path, csrFile: `${stem}.csr`, keyPem, key };
}

/** Takes key and CSR over from a folder of kubeadm's. @returns false if it has none of that name */
export async function adopt(folder: string, from: string, name: CertificateName): Promise<boolean> {
  const found = findStaged(from, name);
  if (!found) return false;
  const stem = join(folder, stagedPath(name).slice(0, -'.csr'.length));
  await makeFolder(dirname(stem));
  await writeDurably(`${stem}.key`, found.keyPem, PRIVATE);
  await writeDurably(`${stem}.csr`, readFileSync(found.csrFile), PRIVATE);
  return true;
}

/** The CSR of a name with its key, in any of kubeadm's layouts; undefined if one of them is missing or they don't match. */
export function findStaged(folder: string, name: CertificateName): Staged | undefined {
  for (const path of pathsOf(profileOf(name))) {
    const csrFile = join(folder, path);
    if (!existsSync(csrFile)) continue;
    const keyPem = keyBeside(csrFile.slice(0, -'.csr'.length));
    const key = keyPem === undefined ? undefined : readPrivateKey(keyPem);
    const { request } = readRequest(readFileSync(csrFile));
    if (keyPem && key && request && areAPair(key, request.key.keyObject))
      return { name, path, csrFile, keyPem, key };
  }
  return undefined;
}

/** `apiserver.key`; `admin.conf.key` (up to 1.22); or inside `admin.conf` (generate-csr). */
function keyBeside(stem: string): string | undefined {
  if (existsSync(`${stem}.key`)) return readFileSync(`${stem}.key`, 'utf8');
  if (!stem.endsWith('.conf') || !existsSync(stem)) return undefined;
  try {
    const { privateKey } = readKubeconfig(readFileSync(stem, 'utf8'), dirname(stem));
    return privateKey && 'pem' in privateKey ? privateKey.pem : undefined;
  } catch (error) {
    if (error instanceof KubeconfigError) return undefined;
    throw error;
  }
}

function asksForTheSame(found: Staged, { contents, reuseKey }: DesiredCsr): boolean {
  const { request } = readRequest(readFileSync(found.csrFile));
  if (!request || (reuseKey !== undefined && reuseKey !== found.keyPem)) return false;
  return digest([request.subject, request.names]) === digest([contents.subject, contents.names]);
}

const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
