/**
 * The folder where keys and CSRs wait for their certificates, in kubeadm's layout: `pki/apiserver.key` and `.csr`,
 * `admin.conf.key` and `.csr`. Also reads folders that `generate-csr` or 1.22's `renew --csr-only` filled.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { pathsOf } from '../../../lib/contract/kubeadm-paths.ts';
import type { CheckedRequest } from '../../../lib/csr/read-request.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import { makePrivateKey } from '../disk/private-key.ts';
import type { DesiredCsr } from './desired.ts';
import {
  type KeyAndCsr,
  type NewKeyAndCsr,
  readKeyAndCsr,
  writeKeysAndCsrs,
} from './key-and-csr.ts';
import { makeCsr } from './make-csr.ts';

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
 * Creates and writes keys and CSRs. An existing pair that requests the same is kept, so that a run after an interrupted
 * one resumes with the key whose CSR may have been submitted already.
 */
export async function stage(folder: string, desired: readonly DesiredCsr[]): Promise<void> {
  const missing = desired.filter((one) => {
    const found = findPair(folder, one.name);
    return !found || !requestsTheSame(found, one);
  });
  await writeKeysAndCsrs(await mapSideBySide(missing, (one) => createPair(folder, one)));
}

/** Keys are generated outside the main thread: several at a time. */
async function createPair(
  folder: string,
  { name, contents, keyKind, reuseKey }: DesiredCsr,
): Promise<NewKeyAndCsr> {
  const keyPem = reuseKey ?? (await makePrivateKey(keyKind));
  const csr = makeCsr(contents, createPrivateKey(keyPem));
  return { stem: stemIn(folder, name), keyPem, csr };
}

/** Copies key and CSR from a folder that kubeadm filled. @returns false if it has none of that name */
export async function adopt(folder: string, from: string, name: CertificateName): Promise<boolean> {
  const found = findPair(from, name);
  if (!found) return false;
  const { keyPem, csr } = found.pair;
  await writeKeysAndCsrs([{ stem: stemIn(folder, name), keyPem, csr }]);
  return true;
}

/** The CSR of a name with its key, in any of kubeadm's layouts; undefined if one is missing or they do not match. */
export function findStaged(folder: string, name: CertificateName): Staged | undefined {
  return findPair(folder, name)?.staged;
}

interface FoundPair {
  readonly staged: Staged;
  readonly pair: KeyAndCsr;
}

function findPair(folder: string, name: CertificateName): FoundPair | undefined {
  for (const path of pathsOf(profileOf(name))) {
    const stem = join(folder, stemOf(path));
    const pair = readKeyAndCsr(stem);
    if (!pair) continue;
    const { keyPem, key } = pair;
    return { staged: { name, path, csrFile: `${stem}.csr`, keyPem, key }, pair };
  }
  return undefined;
}

const stemOf = (path: string) => path.slice(0, -'.csr'.length);
const stemIn = (folder: string, name: CertificateName) => join(folder, stemOf(stagedPath(name)));

function requestsTheSame({ pair }: FoundPair, { contents, reuseKey }: DesiredCsr): boolean {
  if (reuseKey !== undefined && reuseKey !== pair.keyPem) return false;
  const compared = ({ subject, names }: Pick<CheckedRequest, 'subject' | 'names'>) => [
    subject,
    names,
  ];
  return isDeepStrictEqual(compared(pair.request), compared(contents));
}
