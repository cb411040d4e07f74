/** Which CA certificates a new node trusts: those on its disk, and those that the service publishes. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { caChainFileOf, caFileOf, type NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { lastTrustDomain } from '../exchange/last-trust-domain.ts';
import {
  type FirstTrust,
  findSharedProblems,
  judgeDisk,
  type NeededFile,
  readTrust,
} from '../trust/first-trust.ts';
import { isOptional } from '../trust/optional-ca.ts';
import { hasSubordinate } from '../trust/read-bundle.ts';
import { namedFile } from './named-file.ts';
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
    return readTrust(exchange, domain, casOf(config), folders, pins, neededFiles(config, folders));
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

/** kubeadm writes the flags into the manifests as they are. */
function neededFiles(config: KubeadmConfig, folders: NodeFolders): NeededFile[] {
  const { role, kubeletAuthority, rootCaFile, file } = config;
  if (role === 'worker') return [];
  const flags = [
    {
      value: kubeletAuthority,
      file: caFileOf('kubelet-ca', folders),
      flag: 'kubelet-certificate-authority (apiServer.extraArgs)',
      component: 'kube-apiserver',
    },
    {
      value: rootCaFile,
      file: caChainFileOf('ca', folders),
      flag: 'root-ca-file (controllerManager.extraArgs)',
      component: 'kube-controller-manager',
    },
  ];
  return flags
    .filter(
      ({ value, file: needed }) =>
        value !== undefined && isAt(namedFile(value, config, folders), needed),
    )
    .map(({ value, file: needed, flag, component }) => ({
      file: needed,
      why: `${file} names ${value} as ${flag}, and ${component} does not start without it`,
    }));
}

const isAt = (file: string, other: string) => resolvedPath(file) === resolvedPath(other);

/** The CA files on disk are checked, and of the others only those are read that no certificate depends on. */
async function decideWithoutCertificate(preparation: Preparation): Promise<FirstTrust> {
  const { config, folders, pins } = preparation;
  const cas = casOf(config);
  const onDisk = judgeDisk(cas, folders, pins);
  const lacking = findLacking(preparation, onDisk);
  const isWhole = onDisk.problems.length === 0 && onDisk.trusted.some(({ ca }) => ca === 'ca');
  if (lacking.length === 0 || !isWhole) return onDisk;
  const read = await readLacking(preparation, lacking);
  const known = onDisk.trusted.filter(({ ca }) => !read.trusted.some((one) => one.ca === ca));
  const trusted = [...known, ...read.trusted];
  return {
    trusted,
    problems: [...read.problems, ...findSharedProblems(trusted)],
    notes: read.notes,
  };
}

/** CAs whose file, or whose chain, the node may lack and does lack. */
function findLacking({ config, folders }: Preparation, { trusted }: FirstTrust): CaName[] {
  const withoutChain = trusted
    .filter(({ bundle }) => hasSubordinate(bundle))
    .map(({ ca }) => ca)
    .filter((ca) => !fileExists(caChainFileOf(ca, folders)));
  return casOf(config).filter(
    (ca) => withoutChain.includes(ca) || (isOptional(ca) && !fileExists(caFileOf(ca, folders))),
  );
}

/** What cannot be read is an error only if the node needs it, or a hash of it was given. */
async function readLacking(preparation: Preparation, cas: readonly CaName[]): Promise<FirstTrust> {
  const { exchange, cluster, config, folders, pins } = preparation;
  const needed = neededFiles(config, folders);
  const files = cas.map((ca) => {
    const file = caFileOf(ca, folders);
    return fileExists(file) ? caChainFileOf(ca, folders) : file;
  });
  const isRequired =
    pins.hashes.root.length > 0 ||
    cas.some((ca) => isOptional(ca) && pins.hashes[ca].length > 0) ||
    needed.some(({ file }) => files.includes(file));
  const lacking = files.join(', ');
  const place = { cluster, node: config.nodeName };
  try {
    const domain = await lastTrustDomain(exchange, place);
    if (domain !== undefined) return await readTrust(exchange, domain, cas, folders, pins, needed);
    return isRequired ? nothing({ problems: [`${lacking}: ${UNKNOWN_DOMAIN}`] }) : nothing({});
  } catch (error) {
    if (isRequired) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return nothing({ notes: [`${lacking} was not written: ${reason}`] });
  }
}

const UNKNOWN_DOMAIN =
  'the trust domain is unknown, because the bucket has no certificate of this node';
