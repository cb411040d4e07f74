/** Keys and CSRs for the next certificates of a node, as `kubeadm certs renew --csr-only` left them. */
import { join } from 'node:path';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { checkNames, type SkippedCertificate, selectCertificates } from '../disk/select-names.ts';
import { requireNode } from '../state/settings.ts';
import { type DesiredCsr, desiredFromDisk, type KeyOptions, leaveOutUnusable } from './desired.ts';
import { desiredFromConfig } from './from-config.ts';
import { stage, stagedPath } from './staging.ts';

export interface CsrSource extends KeyOptions {
  /** kubeadm's names, or `all`. */
  readonly names: readonly string[];
  readonly folders: NodeFolders;
  /**
   * kubeadm's configuration, for a node without certificates; if undefined, uses the contents of the current
   * certificates.
   */
  readonly config: KubeadmConfig | undefined;
  /** The node's name, if it is known. */
  readonly node?: string | undefined;
  readonly now: Date;
}

export interface MadeCsr extends DesiredCsr {
  readonly file: string;
}

export interface MadeCsrs {
  readonly csrs: readonly MadeCsr[];
  readonly skipped: readonly SkippedCertificate[];
}

/** @param write false only says what would be created */
export async function makeCsrs(out: string, source: CsrSource, write: boolean): Promise<MadeCsrs> {
  const { desired, skipped } = select(source);
  if (write) await stage(out, desired);
  const csrs = desired.map((csr) => ({ ...csr, file: join(out, stagedPath(csr.name)) }));
  return { csrs, skipped };
}

function select(source: CsrSource): {
  readonly desired: readonly DesiredCsr[];
  readonly skipped: readonly SkippedCertificate[];
} {
  const { names, folders, config, now } = source;
  if (config)
    return { desired: desiredFromConfig(names, config, source.keyAlgorithm), skipped: [] };
  // before requireNode: a name that kubeadm does not have is wrong on every machine
  checkNames(names);
  requireNode(folders);
  const selection = selectCertificates(folders, { names, now });
  const want = (place: CertificateInPlace) => desiredFromDisk(place, source);
  const { present, skipped } = leaveOutUnusable(selection, want);
  return { desired: present.map(want), skipped };
}
