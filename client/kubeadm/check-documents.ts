/** kubeadm's checks of a whole configuration kind. Each returns the document with the values that kubeadm uses. */
import type { KubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import type { ClusterDocument, InitDocument, JoinDocument } from './api-types.ts';
import {
  checkAbsolutePath,
  checkAddress,
  checkDnsDomain,
  checkEndpoint,
  checkExtraName,
  checkPort,
  checkRegisteredName,
  checkServiceSubnet,
  type Remarks,
} from './check-values.ts';

/** What a check makes of a string that is set. kubeadm writes an unset field as an empty string. */
function ifSet<T>(text: string | undefined, check: (text: string) => T): T | undefined {
  return text === undefined || text === '' ? undefined : check(text);
}

function each(
  values: readonly string[] | undefined,
  path: string,
  remarks: Remarks,
): readonly string[] | undefined {
  return values?.map((value, i) => checkExtraName(value, `${path}[${i}]`, remarks));
}

/**
 * @param release the version of the cluster; undefined if it is unknown, and then nothing that depends on it is
 * checked
 * @param remarks gets problems and warnings; with a problem, the result must not be used
 */
export function checkCluster(
  cluster: ClusterDocument,
  release: KubernetesVersion | undefined,
  remarks: Remarks,
): ClusterDocument {
  const { networking, apiServer, etcd } = cluster;
  ifSet(cluster.certificatesDir, (dir) => checkAbsolutePath(dir, 'certificatesDir', remarks));
  ifSet(networking?.dnsDomain, (d) => checkDnsDomain(d, 'networking.dnsDomain', remarks));
  ifSet(cluster.encryptionAlgorithm, (name) => checkAlgorithm(name, release, remarks));
  checkGates(cluster.featureGates ?? {}, release, remarks);
  const certSANs = apiServer?.certSANs?.map((name) => name.toLowerCase());
  return {
    ...cluster,
    controlPlaneEndpoint: ifSet(cluster.controlPlaneEndpoint, (text) =>
      checkEndpoint(text, 'controlPlaneEndpoint', remarks),
    ),
    networking: networking && {
      ...networking,
      serviceSubnet: ifSet(networking.serviceSubnet, (text) =>
        checkServiceSubnet(text, 'networking.serviceSubnet', remarks),
      ),
    },
    apiServer: apiServer && {
      ...apiServer,
      certSANs: each(certSANs, 'apiServer.certSANs', remarks),
    },
    etcd: etcd && checkEtcd(etcd, release, remarks),
  };
}

type Etcd = NonNullable<ClusterDocument['etcd']>;

function checkEtcd(
  { local, external }: Etcd,
  release: KubernetesVersion | undefined,
  remarks: Remarks,
): Etcd {
  if (local && external)
    remarks.problems.push('etcd: local and external are set, and kubeadm accepts one of them');
  if (external) checkExternalEtcd(external, release, remarks);
  ifSet(local?.dataDir, (dir) => checkAbsolutePath(dir, 'etcd.local.dataDir', remarks));
  return {
    external,
    local: local && {
      ...local,
      serverCertSANs: each(local.serverCertSANs, 'etcd.local.serverCertSANs', remarks),
      peerCertSANs: each(local.peerCertSANs, 'etcd.local.peerCertSANs', remarks),
    },
  };
}

/** The first minor release that is known to require an endpoint. */
const REQUIRES_ENDPOINT = 31;

function checkExternalEtcd(
  external: NonNullable<Etcd['external']>,
  release: KubernetesVersion | undefined,
  { problems }: Remarks,
): void {
  const { endpoints = [], caFile, certFile, keyFile } = external;
  const path = 'etcd.external';
  if (Boolean(certFile) !== Boolean(keyFile))
    problems.push(`${path}: certFile and keyFile must both be set, or neither`);
  if (certFile && keyFile && !caFile) problems.push(`${path}.caFile: is required with certFile`);
  if (endpoints.length === 0 && release && release.minor >= REQUIRES_ENDPOINT)
    problems.push(`${path}.endpoints: must have at least one endpoint`);
  const scheme = caFile || certFile || keyFile ? /^https:/i : /^[a-z][a-z0-9+.-]*:/i;
  for (const [i, endpoint] of endpoints.entries())
    if (!scheme.test(endpoint))
      problems.push(`${path}.endpoints[${i}]: ${endpoint} is not an https:// URL`);
  for (const [name, file] of Object.entries({ caFile, certFile, keyFile }))
    ifSet(file, (text) => checkAbsolutePath(text, `${path}.${name}`, { problems, warnings: [] }));
}

/** Each with the first minor release of kubeadm that has it. */
const ALGORITHMS: Readonly<Record<string, number>> = {
  'RSA-2048': 31,
  'RSA-3072': 31,
  'RSA-4096': 31,
  'ECDSA-P256': 31,
  'ECDSA-P384': 34,
};

function checkAlgorithm(
  name: string,
  release: KubernetesVersion | undefined,
  { problems }: Remarks,
): void {
  const since = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  const all = Object.keys(ALGORITHMS).join(', ');
  if (since === undefined) problems.push(`encryptionAlgorithm: ${name} is not one of ${all}`);
  // the kubeadm of the next release can set up this one, too
  else if (release && release.minor + 1 < since)
    problems.push(`encryptionAlgorithm: kubeadm has ${name} from 1.${since}`);
}

/** The feature gates that keys and kubeconfigs depend on: the first and the last minor release of kubeadm that has them. */
const GATES: Readonly<Record<string, readonly [number, number]>> = {
  PublicKeysECDSA: [19, 36],
  ControlPlaneKubeletLocalMode: [31, 36],
};

function checkGates(
  gates: Readonly<Record<string, boolean>>,
  release: KubernetesVersion | undefined,
  { problems }: Remarks,
): void {
  for (const [gate, [first, last]] of Object.entries(GATES))
    if (release && Object.hasOwn(gates, gate))
      if (release.minor + 1 < first || release.minor > last)
        problems.push(`featureGates: the kubeadm of 1.${release.minor} has no ${gate}`);
}

type LocalEndpoint = NonNullable<InitDocument['localAPIEndpoint']>;

function checkLocalEndpoint(
  { advertiseAddress, bindPort }: LocalEndpoint,
  path: string,
  remarks: Remarks,
): LocalEndpoint {
  // kubeadm's default replaces 0
  if (bindPort) checkPort(bindPort, `${path}.bindPort`, remarks);
  return {
    bindPort,
    advertiseAddress: ifSet(advertiseAddress, (text) =>
      checkAddress(text, `${path}.advertiseAddress`, remarks),
    ),
  };
}

function checkRegistration(
  registration: InitDocument['nodeRegistration'],
  remarks: Remarks,
): InitDocument['nodeRegistration'] {
  const name = registration?.name?.trim();
  return (
    registration && {
      ...registration,
      name: ifSet(name, (text) => checkRegisteredName(text, 'nodeRegistration.name', remarks)),
    }
  );
}

/** @param remarks as for `checkCluster` */
export function checkInit(init: InitDocument, remarks: Remarks): InitDocument {
  return {
    ...init,
    nodeRegistration: checkRegistration(init.nodeRegistration, remarks),
    localAPIEndpoint:
      init.localAPIEndpoint &&
      checkLocalEndpoint(init.localAPIEndpoint, 'localAPIEndpoint', remarks),
  };
}

/** @param remarks as for `checkCluster` */
export function checkJoin(join: JoinDocument, remarks: Remarks): JoinDocument {
  const { controlPlane, discovery } = join;
  const token = discovery?.bootstrapToken;
  const path = 'discovery.bootstrapToken.apiServerEndpoint';
  const apiServerEndpoint = ifSet(token?.apiServerEndpoint, (text) => {
    if (!/:\d+$/.test(text)) remarks.problems.push(`${path}: ${text} has no port`);
    return checkEndpoint(text, path, remarks);
  });
  return {
    ...join,
    nodeRegistration: checkRegistration(join.nodeRegistration, remarks),
    controlPlane: controlPlane && {
      ...controlPlane,
      localAPIEndpoint:
        controlPlane.localAPIEndpoint &&
        checkLocalEndpoint(controlPlane.localAPIEndpoint, 'controlPlane.localAPIEndpoint', remarks),
    },
    discovery: discovery && {
      ...discovery,
      bootstrapToken: token && { ...token, apiServerEndpoint },
    },
  };
}
