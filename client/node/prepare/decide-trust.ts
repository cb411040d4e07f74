/** Which CA certificates a new node trusts: those on its disk, and those that the service publishes. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { lastTrustDomain } from '../exchange/last-trust-domain.ts';
import {
  type FirstTrust,
  findSharedProblems,
  judgeDisk,
  type NeededCa,
  readTrust,
} from '../trust/first-trust.ts';
import { isOptional } from '../trust/optional-ca.ts';
import type { Preparation } from './preparation.ts';
import { fileExists } from './write-file.ts';

/** @param domains trust domains of the certificates that this run has received */
export async function decideTrust(
  preparation: Preparation,
  domains: ReadonlySet<string>,
): Promise<FirstTrust> {
  const { exchange, config, folders, pins } = preparation;
  const [domain] = domains;
  if (domain === undefined) return decideWithoutCertificate(preparation);
  if (domains.size === 1)
    return readTrust(exchange, domain, casOf(config), folders, pins, neededCa(config, folders));
  return nothing({ problems: ['the certificates come from several trust domains'] });
}

const nothing = (more: Partial<FirstTrust>): FirstTrust => ({
  trusted: [],
  problems: [],
  notes: [],
  ...more,
});

function casOf({ role, externalEtcd }: KubeadmConfig): CaName[] {
  if (role === 'worker') return ['ca'];
  return CA_NAMES.filter((ca) => !(externalEtcd && ca === 'etcd-ca'));
}

/** kubeadm writes the flag into the manifest as it is. */
function neededCa(
  { role, kubeletAuthority, file }: KubeadmConfig,
  folders: NodeFolders,
): NeededCa | undefined {
  if (role === 'worker' || kubeletAuthority === undefined) return undefined;
  if (resolvedPath(kubeletAuthority) !== resolvedPath(caFileOf('kubelet-ca', folders)))
    return undefined;
  const why = `${file} names ${kubeletAuthority} as kubelet-certificate-authority (apiServer.extraArgs), and kube-apiserver does not start without it`;
  return { ca: 'kubelet-ca', why };
}

/** The CA files on disk are checked, and of the others only one is read that no certificate depends on. */
async function decideWithoutCertificate(preparation: Preparation): Promise<FirstTrust> {
  const { config, folders, pins } = preparation;
  const cas = casOf(config);
  const onDisk = judgeDisk(cas, folders, pins);
  const lacking = cas.find((ca) => isOptional(ca) && !fileExists(caFileOf(ca, folders)));
  const isWhole = onDisk.problems.length === 0 && onDisk.trusted.some(({ ca }) => ca === 'ca');
  if (lacking === undefined || !isWhole) return onDisk;
  const read = await readLacking(preparation, lacking);
  const trusted = [...onDisk.trusted, ...read.trusted];
  return {
    trusted,
    problems: [...read.problems, ...findSharedProblems(trusted)],
    notes: read.notes,
  };
}

/** What cannot be read is an error only if the node needs it, or a hash of it was given. */
async function readLacking(preparation: Preparation, ca: CaName): Promise<FirstTrust> {
  const { exchange, cluster, config, folders, pins } = preparation;
  const needed = neededCa(config, folders);
  const place = { cluster, node: config.nodeName };
  try {
    const domain = await lastTrustDomain(exchange, place);
    if (domain !== undefined) return await readTrust(exchange, domain, [ca], folders, pins, needed);
    return needed || pins.hashes[ca].length > 0
      ? nothing({ problems: [`${caFileOf(ca, folders)}: ${UNKNOWN_DOMAIN}`] })
      : nothing({});
  } catch (error) {
    if (needed || pins.hashes[ca].length > 0) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return nothing({ notes: [`${caFileOf(ca, folders)} was not written: ${reason}`] });
  }
}

const UNKNOWN_DOMAIN =
  'the trust domain is unknown, because the bucket has no certificate of this node';
