/** What a kubeadm configuration says about the certificates of a node, for comparison with those on disk. */
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileFor } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { readClusterSettings } from '../../kubeadm/cluster-settings.ts';
import { type KubeadmConfig, readKubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { readGivenText } from '../../read-text.ts';
import type { Terminal } from '../../terminal.ts';
import { csrFromConfig } from '../csr/kubeadm-csr.ts';
import type { InventoryOptions } from './row.ts';

export interface Expectations
  extends Pick<InventoryOptions, 'externalEtcd' | 'namesOf' | 'nodeName'> {
  /** certificatesDir, if the configuration names one. */
  readonly certDir?: string | undefined;
}

/** Without a configuration only the names that every node needs are expected. */
export function expectationsOf(terminal: Terminal, file: string | undefined): Expectations {
  if (file === undefined) return { externalEtcd: false, namesOf: alwaysNeeded };
  const text = readGivenText(file);
  const { certDir, externalEtcd, warnings } = readClusterSettings(text, file);
  for (const warning of warnings) terminal.progress(`warning: ${file}: ${warning}`);
  const config = readWhole(terminal, text, file);
  return {
    certDir,
    externalEtcd: externalEtcd !== undefined,
    nodeName: config?.nodeName,
    namesOf: (name) =>
      config && profileFor(name, config.version)
        ? csrFromConfig(name, config).contents.names
        : alwaysNeeded(name),
  };
}

/** A ClusterConfiguration alone does not say which node this is. */
function readWhole(terminal: Terminal, text: string, file: string): KubeadmConfig | undefined {
  try {
    return readKubeadmConfig(text, file);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    terminal.progress(`names are not compared with the configuration: ${error.message}`);
    return undefined;
  }
}

const dns = (...values: string[]) => values.map((value) => ({ type: 'DNS' as const, value }));
const loopback = [...dns('localhost'), { type: 'IP' as const, value: '127.0.0.1' }];
const ALWAYS: Partial<Record<CertificateName, readonly AlternativeName[]>> = {
  apiserver: dns('kubernetes', 'kubernetes.default', 'kubernetes.default.svc'),
  'etcd-server': loopback,
  'etcd-peer': loopback,
};

const alwaysNeeded = (name: CertificateName) => ALWAYS[name] ?? [];
