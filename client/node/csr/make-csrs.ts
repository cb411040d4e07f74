/** Keys and CSRs for the next certificates of a node, as `kubeadm certs renew --csr-only` left them. */
import { join } from 'node:path';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { NodeFolders } from '../disk/places.ts';
import { type LeftOut, selectCertificates } from '../disk/select-names.ts';
import { requireNode } from '../state/settings.ts';
import { type DesiredCsr, desiredFromDisk, type KeyOptions } from './desired.ts';
import { desiredFromConfig } from './from-config.ts';
import { stage, stagedPath } from './staging.ts';

export interface CsrSource extends KeyOptions {
  /** kubeadm's names, or `all`. */
  readonly names: readonly string[];
  readonly folders: NodeFolders;
  /** kubeadm's configuration, for a node without certificates; undefined takes the contents of those in place. */
  readonly config: KubeadmConfig | undefined;
  readonly now: Date;
}

export interface MadeCsr extends DesiredCsr {
  readonly file: string;
}

export interface MadeCsrs {
  readonly csrs: readonly MadeCsr[];
  readonly leftOut: readonly LeftOut[];
}

/** @param write false only says what would be created */
export async function makeCsrs(out: string, source: CsrSource, write: boolean): Promise<MadeCsrs> {
  const { desired, leftOut } = select(source);
  if (write) for (const csr of desired) await stage(out, csr);
  const csrs = desired.map((csr) => ({ ...csr, file: join(out, stagedPath(csr.name)) }));
  return { csrs, leftOut };
}

function select(source: CsrSource): {
  readonly desired: readonly DesiredCsr[];
  readonly leftOut: readonly LeftOut[];
} {
  const { names, folders, config, now } = source;
  if (config)
    return { desired: desiredFromConfig(names, config, source.keyAlgorithm), leftOut: [] };
  // before requireNode: a name that kubeadm does not have is wrong on every machine
  const { present, leftOut } = selectCertificates(folders, { names, now });
  requireNode(folders);
  return { desired: present.map((place) => desiredFromDisk(place, source)), leftOut };
}
