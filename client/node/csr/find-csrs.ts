/** Finds the CSRs that kubeadm left in a folder, in any of its layouts. Opens .csr files only, never a key. */
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError, unusableFile } from '../../errors.ts';

export interface FoundCsr {
  readonly file: string;
  /** Below the folder, in kubeadm's layout: the part of a request key after the request id. */
  readonly path: string;
  readonly certificateName: CertificateName;
}

export interface FoundCsrs {
  readonly csrs: readonly FoundCsr[];
  /** .csr files at paths that kubeadm does not use. */
  readonly unknown: readonly string[];
}

/** @throws CommandError if the folder cannot be read or contains no CSR */
export function findCsrs(folder: string): FoundCsrs {
  const paths = listFiles(folder)
    .map((file) => relative(folder, file).split(sep).join('/'))
    .filter((path) => path.endsWith('.csr'))
    .sort();
  const csrs: FoundCsr[] = [];
  const unknown: string[] = [];
  for (const path of paths) {
    const certificateName = certificateNameOf(path);
    if (certificateName) csrs.push({ file: join(folder, path), path, certificateName });
    else unknown.push(path);
  }
  if (csrs.length > 0) return { csrs, unknown };
  throw new CommandError(
    'usage',
    `${folder}: contains no CSR at a path that kubeadm uses${unknown.length > 0 ? ` (found ${unknown.join(', ')})` : ''}`,
    'create the CSRs with kubeadm certs generate-csr --cert-dir DIR/pki --kubeconfig-dir DIR --config FILE, then pass DIR',
  );
}

/** Regular files only: a link could lead outside the folder. */
function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    throw unusableFile(folder, error);
  }
}
